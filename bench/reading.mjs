// What the shipped note reader makes of sentences that tell one value each: in the words of the generator that it learnt from, and in
// other words. Mean distance of the value read from the value told, in standard deviations of set A; beside it that of always
// saying the mean, and the mean of how sure it is.

import { openShippedReader } from '../dist/encoders/reader.js';
import { openUse } from '../dist/encoders/use.js';
import { quantise, unit } from '../dist/events/encoding.js';
import { loadModel } from '../dist/inference/model.js';

// biome-ignore format: one sentence a line reads best
const SENTENCES = [
  ['generator', 'gcs', 6, 'GCS 6'],
  ['generator', 'gcs', 14, 'GCS now 14'],
  ['generator', 'heartRate', 130, 'HR 130'],
  ['generator', 'heartRate', 62, 'Pulse 62'],
  ['generator', 'temperature', 39.4, 'T 39.4'],
  ['generator', 'temperature', 36.6, 'Temp now 36.6'],
  ['generator', 'mapInvasive', 50, 'MAP 50'],
  ['generator', 'mapInvasive', 92, 'Mean BP 92'],
  ['generator', 'fio2', 0.8, 'FiO2 80%'],
  ['generator', 'fio2', 0.4, 'On 40 % O2'],
  ['other', 'gcs', 6, 'Glasgow coma scale six'],
  ['other', 'gcs', 14, 'GCS of 14 this morning'],
  ['other', 'gcs', 8, 'Neurologically GCS 8, pupils equal'],
  ['other', 'gcs', 15, 'Fully awake and orientated'],
  ['other', 'gcs', 3, 'No response to pain at all'],
  ['other', 'heartRate', 130, 'Heart rate of 130 per minute'],
  ['other', 'heartRate', 62, 'Regular rhythm at 62'],
  ['other', 'heartRate', 145, 'AF with RVR at 145'],
  ['other', 'heartRate', 88, 'Heart rate around 88'],
  ['other', 'heartRate', 48, 'Sinus bradycardia of 48'],
  ['other', 'temperature', 39.4, 'Spiked a temperature of 39.4'],
  ['other', 'temperature', 36.6, 'Temp stable at 36.6'],
  ['other', 'temperature', 34.8, 'Rewarming from 34.8 degrees'],
  ['other', 'temperature', 38.3, 'T max 38.3'],
  ['other', 'temperature', 37, 'No fever, temperature 37.0'],
  ['other', 'mapInvasive', 50, 'Mean arterial pressure 50 on pressors'],
  ['other', 'mapInvasive', 92, 'MAPs in the 90s'],
  ['other', 'mapInvasive', 58, 'Remains hypotensive with a MAP of 58'],
  ['other', 'mapInvasive', 76, 'Art line MAP 76'],
  ['other', 'mapInvasive', 65, 'Keeping MAP at 65 with noradrenaline'],
  ['other', 'fio2', 0.8, 'Now needs 80% oxygen'],
  ['other', 'fio2', 0.4, 'Weaned to an FiO2 of 40%'],
  ['other', 'fio2', 1, 'On 100% oxygen via the vent'],
  ['other', 'fio2', 0.5, 'Ventilated with fio2 0.5'],
  ['other', 'fio2', 0.3, 'Down to 30% oxygen'],
];

export async function measure() {
  const [encoder, reader] = [openUse(), await openShippedReader()];
  const { variables } = loadModel('latest').config.encoder;
  const round = (value) => Number(value.toFixed(2));
  const read = [];
  for (const [words, id, value, sentence] of SENTENCES) {
    const reading = await reader.read([
      { text: sentence, embedding: quantise(unit(await encoder.embed(sentence))) },
    ]);
    const place = variables.findIndex((each) => each.id === id);
    const { center, scale, transform } = variables[place];
    const told = ((transform === 'log' ? Math.log1p(value) : value) - center) / scale;
    read.push({ words, sentence, told, read: 5 * reading[place], sure: reading[variables.length + place] });
  }
  await Promise.all([encoder.close(), reader.close()]);
  const figures = {};
  for (const words of ['generator', 'other']) {
    const of = read.filter((each) => each.words === words);
    const mean = (value) => round(of.reduce((sum, each) => sum + value(each), 0) / of.length);
    figures[words] = {
      sentences: of.length,
      error: mean(({ told, read: value }) => Math.abs(told - value)),
      errorOfTheMean: mean(({ told }) => Math.abs(told)),
      sure: mean(({ sure }) => sure),
    };
  }
  return { reader: reader.name, ...figures, read };
}
