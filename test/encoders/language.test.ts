import { describe, expect, it } from 'vitest';
import { otherLanguage } from '../../src/encoders/language.js';

describe('otherLanguage', () => {
  it.each([
    [
      'de',
      'Patient ist wach und orientiert, klagt über Atemnot. Sauerstoffbedarf steigend, Antibiose begonnen.',
    ],
    ['fr', 'Patient conscient et orienté, se plaint de dyspnée. Augmentation des besoins en oxygène.'],
    ['es', 'Paciente consciente y orientado, refiere disnea. Se solicita radiografía de tórax.'],
    [
      'it',
      'Paziente vigile e orientato, riferisce dispnea. Iniziata terapia antibiotica, diuresi conservata.',
    ],
    ['ru', 'Пациент в сознании, жалуется на одышку. Назначены антибиотики, сатурация снижается.'],
  ])('tells %s, though the message says English', async (language, text) => {
    expect(await otherLanguage(text, 'en')).toBe(language);
  });

  it.each([
    'N: sedated, GCS 3T. ST 112, MAP 58, hypotensive, pressors up. vented, SpO2 91%, FiO2 0.6, incr WOB. UO 20 ml/h.',
    '68M, s/p CABG x3, extub @ 0400, CI 2.4, CTs 40cc/h, AF 110s -> amio gtt. D/C lines, cont ASA.',
    'Cr 2.1, WCC 18, Plt 88. Cont abx.',
    'Patient resting comfortably, denies pain. Plan to wean oxygen and transfer to the ward in the morning.',
  ])('takes shorthand and English for English: %s', async (text) => {
    expect(await otherLanguage(text, 'en-GB')).toBeNull();
  });

  it('believes a message that says it is in another language, however short', async () => {
    expect(await otherLanguage('Stabil.', 'de-CH')).toBe('de');
    expect(await otherLanguage('Stable.', '')).toBeNull();
  });
});
