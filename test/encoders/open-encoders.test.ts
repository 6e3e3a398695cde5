import Module from 'node:module';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openEncoders } from '../../src/encoders/open-encoders.js';
import { parseConfig } from '../../src/settings/config.js';

const encoders = (data: object = {}) => parseConfig({ encoders: data }).encoders;
const text = { size: 512 };
const image = { size: 33 };

/** As an install that leaves a package out. */
function leaveOut(left: string): void {
  const resolver = Module as unknown as { _resolveFilename: (name: string, ...rest: unknown[]) => string };
  const resolve = resolver._resolveFilename;
  const spy = vi.spyOn(resolver, '_resolveFilename').mockImplementation((name, ...rest) => {
    if (name === left) throw Object.assign(new Error(`there is no ${name}`), { code: 'MODULE_NOT_FOUND' });
    return resolve(name, ...rest);
  });
  onTestFinished(() => spy.mockRestore());
}

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

  it('leaves out what the model can do without where it is not installed, with one warning', async () => {
    leaveOut('sharp');
    const warnings: string[] = [];
    const warn = (message: string) => warnings.push(message);
    const optional = { ...image, optional: true };
    expect(await openEncoders(encoders(), { image: optional }, warn)).toEqual({ text: null, image: null });
    expect(warnings).toEqual([
      'the model does without images: encoders.image.kind: default needs sharp, which is not installed; ' +
        'install without --omit=optional, or set encoders.image.kind to off',
    ]);
    await openEncoders(encoders({ image: { kind: 'off' } }), { image: optional }, warn);
    await openEncoders(encoders(), {}, warn);
    expect(warnings).toHaveLength(1);
    await expect(openEncoders(encoders(), { image }, warn)).rejects.toThrow(
      /encoders.image.kind: default needs sharp, .* with a model that takes no images/,
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
