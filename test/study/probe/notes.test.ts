import { expect, it } from 'vitest';
import { parseConfig } from '../../../src/settings/config.js';
import { probeSentences } from '../../../src/study/probe/notes.js';
import { sentencesText } from '../../../src/study/probe/tables.js';

it('each sentence moves the state or risk of its patient the way it must', async () => {
  const sentences = await probeSentences(parseConfig({}));
  expect(
    sentences
      .filter(({ isRight }) => !isRight)
      .map(({ text, state, risk, facts }) => [text, state, risk, facts]),
  ).toEqual([]);
  const map = sentences.find(({ text }) => text.startsWith('MAP 45 for'))!;
  expect(map).toMatchObject({ state: 'up', facts: ['mapCuff 45'] });
  const moving = sentences.filter(({ direction }) => direction !== 'none').length;
  expect(sentencesText({ sentences })).toContain(`${moving} of ${moving} that tell`);
});
