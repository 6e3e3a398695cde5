import { describe, expect, it } from 'vitest';
import { openEncoders } from '../../src/encoders/open-encoders.js';
import { parseConfig } from '../../src/settings/config.js';

const encoders = (data: object = {}) => parseConfig({ encoders: data }).encoders;
const text = { size: 512 };
const image = { size: 33 };

describe('openEncoders', () => {
  it('opens nothing for a model that takes measurements only', async () => {
    expect(await openEncoders(encoders())).toEqual({ text: null, image: null });
    const off = encoders({ text: { kind: 'off' }, image: { kind: 'off' }, always: ['text', 'image'] });
    expect(await openEncoders(off, {})).toEqual({ text: null, image: null });
  });

  it('opens what the model takes, and what is configured as `always`', async () => {
    const notes = await openEncoders(encoders(), { text: { ...text, encoder: 'use-lite-en' } });
    expect([notes.text?.name, notes.image]).toEqual(['use-lite-en', null]);
    await notes.text?.close();
    const all = await openEncoders(encoders({ always: ['text', 'image'] }));
    expect([all.text?.size, all.image?.size, all.image?.name]).toEqual([512, 33, 'imaging-2026.11-b']);
    await all.text?.close();
    await all.image?.close();
  });

  it('leaves out what the model can do without where it is off, and still refuses another encoder', async () => {
    const off = encoders({ image: { kind: 'off' } });
    const optional = { ...image, optional: true };
    expect(await openEncoders(off, { image: optional })).toEqual({ text: null, image: null });
    await expect(openEncoders(encoders(), { image: { ...optional, encoder: 'densenet' } })).rejects.toThrow(
      /but the model was trained with densenet/,
    );
  });

  it('refuses an encoder the model was not trained with, and one that is off', async () => {
    const off = encoders({ text: { kind: 'off' } });
    await expect(openEncoders(off, { text })).rejects.toThrow(
      /the model takes notes, but encoders.text is off/,
    );
    await expect(openEncoders(encoders(), { text: { size: 768 } })).rejects.toThrow(
      /encoders.text is use-lite-en of 512 floats, but the model was trained with an encoder of 768 floats/,
    );
    await expect(openEncoders(encoders(), { image: { ...image, encoder: 'densenet' } })).rejects.toThrow(
      /but the model was trained with densenet of 33 floats/,
    );
  });
});
