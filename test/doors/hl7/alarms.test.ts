import { describe, expect, it } from 'vitest';
import { TOPICS } from '../../../src/contract/topics.js';
import { msh, NOW, records, translated } from './messages.js';

const OBR = 'OBR|1||a1|196616^MDC_EVT_ALARM^MDC|||20260114091000+0000';

function alarm(...lines: string[]) {
  return translated([msh('ORU^R40^ORU_R40'), 'PID|||p1', 'PV1||I|ICU^2^05', OBR, ...lines].join('\r'));
}

/** The words of the alarms of a message. */
function texts(...lines: string[]) {
  return records(alarm(...lines), TOPICS.notes).map(({ text }) => text);
}

describe('an alarm of a monitor', () => {
  it('is a note of its own type at the time of the alarm, and nothing else', () => {
    const translation = alarm(
      'OBX|1|ST|196670^MDC_EVT_LO^MDC|1.0.0.0.1|SpO2 < 88||||||F',
      'OBX|2|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.0.0.0.2|84|262688^MDC_DIM_PERCENT^MDC|>88|||||F',
      'OBX|3|ST|68481^MDC_ATTR_EVENT_PHASE^MDC|1.0.0.0.3|start||||||F',
      'OBX|4|ST|68482^MDC_ATTR_ALARM_STATE^MDC|1.0.0.0.4|active||||||F',
      'OBX|5|ST|68483^MDC_ATTR_ALARM_INACTIVATION_STATE^MDC|1.0.0.0.5|enabled||||||F',
      'OBX|6|ST|68484^MDC_ATTR_ALARM_PRIORITY^MDC|1.0.0.0.6|PH||||||F',
    );
    expect(translation.messages.map(({ topic }) => topic)).toEqual([TOPICS.notes]);
    expect(records(translation, TOPICS.notes)).toEqual([
      {
        patientId: 'p1',
        eventTime: NOW - 20 * 60_000,
        observedAt: null,
        source: 'MON',
        noteType: 'monitor-alarm',
        authorRole: 'monitor',
        language: 'en',
        text: 'High priority: SpO2 < 88, 84 % (start, active)',
      },
    ]);
    expect([translation.answer, translation.rejections]).toEqual(['AA', []]);
  });

  it.each([
    [
      'whose kind is a code, with flags',
      ['OBX|1|CWE|196616^MDC_EVT_ALARM^MDC|1.7.0.1|196680^MDC_EVT_LEAD_OFF^MDC|||A~PL~ST|||R'],
      'Low priority: lead off',
    ],
    [
      'of older gateways, whose numbers are others',
      [
        'OBX|1|ST|196674^MDC_EVT_LO_VAL_LT_LIM^MDC|1.1|SPO2 LOW|||L~SP|||R',
        'OBX|3|ST|68165^MDC_ATTR_EVENT_PHASE^MDC|1.3|end||||||F',
        'OBX|5|ST|68167^MDC_ATTR_ALARM_INACTIVATION_STATE^MDC|1.5|audio-paused||||||F',
      ],
      'Low priority: SPO2 LOW (end, audio-paused)',
    ],
    [
      'with words of its own',
      [
        'OBX|1|CWE|196616^MDC_EVT_ALARM^MDC|1.1|196650^MDC_EVT_ECG_ASYSTOLE^MDC|||PH',
        'OBX|8|ST|68546^MDC_ATTR_ALERT_TEXT^MDC|1.8|*** ASYSTOLE||||||F',
      ],
      'High priority: *** ASYSTOLE',
    ],
    ['that names no priority', ['OBX|1|ST|196670^MDC_EVT_LO^MDC|1.1|HR LOW'], 'HR LOW'],
  ])('%s is told in its words', (_, lines, text) => {
    expect(texts(...lines)).toEqual([text]);
  });

  it('comes once for each of its message', () => {
    const event = (words: string) => `OBX|1|ST|196670^MDC_EVT_LO^MDC|1.1|${words}`;
    expect(texts(event('HR LOW'), OBR.replace('a1', 'a2'), event('SPO2 LOW'))).toEqual([
      'HR LOW',
      'SPO2 LOW',
    ]);
  });

  it('of which nothing can be shown, or without a time, is set aside, and the sender told', () => {
    const of = ({ answer, rejections }: ReturnType<typeof alarm>) => [answer, rejections[0].reason];
    expect(of(alarm())).toEqual(['AE', 'empty']);
    expect(of(alarm('OBX|3|ST|68481^MDC_ATTR_EVENT_PHASE^MDC|1.3|start'))).toEqual(['AE', 'empty']);
    const event = 'OBX|1|ST|196670^MDC_EVT_LO^MDC|1.1|HR LOW||||||F|||at noon';
    expect(of(alarm(event))).toEqual(['AE', 'unknown-time']);
  });
});
