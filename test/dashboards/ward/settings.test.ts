import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, parseSettings } from '../../../dashboards/ward/src/settings.js';

describe('parseSettings', () => {
  it('reads what was stored', () => {
    const settings = { theme: 'dark', order: 'bed', sound: false, panel: 'hidden' };
    expect(parseSettings(JSON.stringify(settings))).toEqual(settings);
  });

  it.each([null, '', 'not JSON', '[]', 'null', '7', '{"theme":"<script>","sound":"yes","order":1}'])(
    'takes the defaults for %j',
    (text) => {
      expect(parseSettings(text)).toEqual(DEFAULT_SETTINGS);
    },
  );
});
