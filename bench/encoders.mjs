// What encoding costs: a note of new and of known sentences, a note of 1 MB, images of three kinds and sizes, from event to
// embedding through the worker threads, and what the loaded encoders hold. Median of the runs, in milliseconds.
import sharp from 'sharp';
import { openEncoders } from '../dist/encoders/open-encoders.js';
import { parseConfig } from '../dist/settings/config.js';
import { simulateWard } from '../dist/simulate/ward.js';

const TWO_DAYS = {
  beds: 10,
  hours: 48,
  seed: 7,
  startTime: 0,
  wardId: 'W',
  vitalsIntervalMs: 3_600_000,
};

function simulatedNotes() {
  return [...simulateWard(TWO_DAYS)].flatMap(({ topic, record }) =>
    topic === 'ward.notes' ? record.text : [],
  );
}

async function median(items, run) {
  const took = [];
  for (const item of items) {
    const start = performance.now();
    await run(item);
    took.push(performance.now() - start);
  }
  return Number(took.sort((a, b) => a - b)[took.length >> 1].toFixed(2));
}

export async function measure() {
  const before = process.memoryUsage().rss;
  const { text, image } = await openEncoders(
    parseConfig({ encoders: { always: ['text', 'image'] } }).encoders,
  );
  const encode = (each) => text.encode({ text: each, language: 'en' });
  const notes = simulatedNotes();
  await encode('warming up');
  const asked = text.counts.sentences;
  const noteMs = await median(notes, encode);
  const sentencesPerNote = Number(((text.counts.sentences - asked) / notes.length).toFixed(1));
  const noteOfKnownSentencesMs = await median(notes, encode);
  const megabyte = Array.from(
    { length: 30_000 },
    (_, index) => `Finding ${index} is noted as before today.`,
  ).join(' ');
  const noteOfOneMegabyteMs = await median([megabyte], encode);
  const picture = async (side, format) => {
    const data = Uint8Array.from({ length: side * side }, (_, index) => (index * 7919 + (index >> 8)) % 256);
    return sharp(data, { raw: { width: side, height: side, channels: 1 } })
      .toFormat(format)
      .toBuffer();
  };
  const look = (bytes) => image.encode({ modality: 'DX', bodySite: 'CHEST', image: bytes, uri: null });
  /** The same picture with other bytes behind its end, so that none is known. */
  const copies = (bytes) =>
    Array.from({ length: 7 }, (_, index) => Buffer.concat([bytes, Buffer.from([index])]));
  await look(await picture(64, 'png'));
  const imageMs = {};
  for (const [side, format] of [
    [128, 'png'],
    [1024, 'png'],
    [3000, 'png'],
    [3000, 'jpeg'],
  ]) {
    imageMs[`${format} ${side}`] = await median(copies(await picture(side, format)), look);
  }
  const heldMb = Math.round((process.memoryUsage().rss - before) / 1_048_576);
  await text.close();
  await image.close();
  return { noteMs, sentencesPerNote, noteOfKnownSentencesMs, noteOfOneMegabyteMs, imageMs, heldMb };
}
