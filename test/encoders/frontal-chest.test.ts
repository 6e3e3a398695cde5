import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { whyNotFrontalChest } from '../../src/encoders/frontal-chest.js';

const MODALITIES = new Set(['CR', 'DX']);
const why = (stated: { modality?: string; bodyPart?: string; view?: string; description?: string }) =>
  whyNotFrontalChest({ modality: '', bodyPart: '', view: '', description: '', ...stated }, MODALITIES);

describe('whyNotFrontalChest', () => {
  it.each([
    'CHEST',
    'chest',
    'PORT CHEST',
    'CHEST_PORT',
    'CHEST 1 VIEW',
    'XR CHEST AP',
    'THORAX',
    'TORAX',
    'LUNG',
    'CXR',
    '51185008',
    '43799004',
    'T-D3000',
    '',
    'UNKNOWN',
    'N/A',
  ])('takes the body part %j', (bodyPart) => {
    expect(why({ bodyPart })).toBeNull();
  });

  it.each([
    'EXTREMITY',
    'LEG',
    'ABDOMEN',
    'CHEST_ABDOMEN',
    'CHESTABDPELVIS',
    'RIB',
    'RIBS',
    'TSPINE',
    'THORACIC SPINE',
    'HAND',
    'BREAST',
    '302551006',
  ])('refuses the body part %j, in its words', (bodyPart) => {
    expect(why({ bodyPart })).toBe(`body part ${bodyPart}`);
  });

  it.each(['AP', 'PA', 'pa', 'A.P.', 'AP PORTABLE', 'PA ERECT', 'FRONTAL', 'postero-anterior', '', 'OTHER'])(
    'takes the view %j',
    (view) => {
      expect(why({ bodyPart: 'CHEST', view })).toBeNull();
    },
  );

  it.each(['LL', 'RL', 'LAT', 'left lateral', 'LLO', 'RLO', 'LLD', 'RAO', 'AP/LAT', 'PA oblique', 'AXIAL'])(
    'refuses the view %j',
    (view) => {
      expect(why({ bodyPart: 'CHEST', view })).toBe(`view ${view}`);
    },
  );

  it('takes modalities of plain radiographs only, in capitals or not', () => {
    expect([why({ modality: 'cr' }), why({ modality: 'DX' }), why({})]).toEqual([null, null, null]);
    for (const modality of ['CT', 'MG', 'RF', 'PX', 'OT', 'US', 'SR', 'ECG', 'NM']) {
      expect(why({ modality })).toBe(`modality ${modality}`);
    }
  });

  it('reads descriptions where part or view is not stated, and only what is clear', () => {
    expect(why({ description: 'Knee AP' })).toBe('description Knee AP');
    expect(why({ bodyPart: 'CHEST', description: 'Knee AP' })).toBeNull();
    expect(why({ bodyPart: 'CHEST', description: 'W Chest Lat.' })).toBe('description W Chest Lat.');
    expect(why({ bodyPart: 'CHEST LATERAL' })).toBe('body part CHEST LATERAL');
    expect(why({ bodyPart: 'CHEST', view: 'PA', description: 'Chest Lat' })).toBeNull();
    expect(why({ description: 'Chest PA and lateral' })).toBeNull();
    expect(why({ description: 'Bedside, supine' })).toBeNull();
  });

  it('never throws, and its reasons are short and printable', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 120 }), (text) => {
        const said = [{ modality: text }, { bodyPart: text }, { view: text }, { description: text }].map(why);
        for (const each of said) expect(each ?? '').toMatch(/^\P{Cc}{0,90}$/u);
      }),
    );
  });
});
