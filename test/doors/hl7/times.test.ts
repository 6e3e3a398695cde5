import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dateOf, timeOf, type Zone, zoneIn, zoneOf } from '../../../src/doors/hl7/times.js';

const BERLIN = zoneOf('Europe/Berlin') as Zone;
const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString());

describe('a time of a message', () => {
  it.each([
    ['20260114091500', '2026-01-14T08:15:00.000Z'],
    ['20260714091500', '2026-07-14T07:15:00.000Z'],
    ['202601140915', '2026-01-14T08:15:00.000Z'],
    ['20260114091500.1239', '2026-01-14T08:15:00.123Z'],
    ['20260114091500+0530', '2026-01-14T03:45:00.000Z'],
    ['20260114091500.5-0800', '2026-01-14T17:15:00.500Z'],
    ['20260114091500+0000', '2026-01-14T09:15:00.000Z'],
    // Clocks skip from 2 to 3: a sender that went on in winter time.
    ['20260329023000', '2026-03-29T01:30:00.000Z'],
    ['20260114', null],
    ['2026011409', null],
    ['20260230101010', null],
    ['20260114250000', null],
    ['20260114096000', null],
    ['20260114091500+9900', null],
    ['00000000000000', null],
    ['00260114091500', null],
    ['00990114091500+0000', null],
    ['14.01.2026 09:15', null],
    ['', null],
  ])('%s in Berlin is %s', (text, expected) => {
    expect(iso(timeOf(text, BERLIN, Date.UTC(2026, 0, 14)))).toBe(expected);
  });

  it('of the hour that comes twice is the one nearer to when it was sent', () => {
    const text = '20261025023000';
    const near = (hour: number) => iso(timeOf(text, BERLIN, Date.UTC(2026, 9, 25, hour, 31)));
    expect([near(0), near(1)]).toEqual(['2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z']);
  });

  it('without a zone is none where no zone is known', () => {
    expect(timeOf('20260114091500', null, 0)).toBeNull();
    expect(timeOf('20260114091500+0100', null, 0)).toBe(Date.UTC(2026, 0, 14, 8, 15));
    expect(zoneIn('20260114091500')).toBeNull();
    expect(zoneIn('20260114091500-0330')?.offsetAt(0)).toBe(-3.5 * 3_600_000);
    expect(zoneOf('Europe/Nowhere')).toBeNull();
  });

  it('is the moment at which clocks of a zone show it, in any zone and year', () => {
    const zone = fc.constantFrom('Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kolkata');
    const moment = fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2090, 0, 1) });
    fc.assert(
      fc.property(zone, moment, (timeZone, ms) => {
        const utc = Math.floor(ms / 1000) * 1000;
        const shown = new Intl.DateTimeFormat('sv-SE', {
          timeZone,
          dateStyle: 'short',
          timeStyle: 'medium',
        }).format(utc);
        const text = shown.replace(/\D/g, '');
        expect(timeOf(text, zoneOf(timeZone), utc)).toBe(utc);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a date of birth', () => {
  it.each([
    ['19600229', '1960-02-29T00:00:00.000Z'],
    ['198808181126+0215', '1988-08-18T00:00:00.000Z'],
    ['1960', '1960-01-01T00:00:00.000Z'],
    ['19610229', null],
    ['00000000', null],
    ['', null],
  ])('%s', (text, expected) => {
    expect(dateOf('00260114')).toBeNull();
    expect(iso(dateOf(text))).toBe(expected);
  });
});
