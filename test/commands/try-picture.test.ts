import { expect, it } from 'vitest';
import { triedPicture } from '../../src/commands/try-picture.js';
import { fileOf } from '../../src/doors/dicom/part10.js';
import { objectOf } from '../doors/dicom/objects.js';

const tried = (fields: Parameters<typeof objectOf>[0]) => {
  const { sopClass, sopInstance, transferSyntax, dataSet } = objectOf({ zone: '+0000', ...fields });
  return triedPicture(
    'film.dcm',
    fileOf({ sopClass, sopInstance, transferSyntax, source: 'CR1' }, dataSet),
    undefined,
  );
};

it('shows what would come of an earlier film were it new, and says that a door does not use it', () => {
  const { text, produced, answer } = tried({ taken: { date: '19950926', time: '165130' } });
  expect([produced.length, answer]).toEqual([1, '0000']);
  expect(text).toContain('taken longer ago than maxAgeMs; it is not used');
});

it('says nothing of the age of one whose time is not known', () => {
  const { text, produced } = tried({});
  expect([produced.length, text.includes('maxAgeMs')]).toEqual([1, false]);
});
