import { hashId } from '../../events/dead-letter.js';
import type { EpochMs } from '../../events/event.js';
import { type Delimiters, type Hl7Message, STANDARD, Unreadable } from './message.js';
import type { Sender } from './sender.js';
import type { Answer, Translation } from './translation.js';

/** What the sender is told at most, in characters. */
const LONGEST_TEXT = 200;
/** Error codes of ERR-3 (HL7 table 0357) by the reason that stands first; what is not named is one of the application. */
const ERRORS: Readonly<Record<string, string>> = {
  undecodable: '100',
  'missing-id': '101',
  'unknown-code': '103',
  'unknown-unit': '103',
  'not-a-number': '102',
  'unknown-time': '102',
  'unsupported-message': '200',
  future: '207',
};
const ENHANCED: Readonly<Record<Answer, string>> = { AA: 'CA', AE: 'CE', AR: 'CR' };

/** MSA-1 of the answer to a message. */
export function answerCode(
  message: Hl7Message | Unreadable,
  { answer }: Translation,
  sender: Sender,
): string {
  const isEnhanced =
    sender.acknowledge === 'enhanced' && !(message instanceof Unreadable) && message.header.raw(15) !== '';
  return isEnhanced ? ENHANCED[answer] : answer;
}

/** The acknowledgement of a message (HL7 v2.9, 2.9) with MSA-1 `code`, to whoever sent it; of what could not be read, to nobody by name. */
export function acknowledgement(
  message: Hl7Message | Unreadable,
  { answer, rejections, text }: Translation,
  code: string,
  now: EpochMs,
): string {
  const time = `${new Date(now)
    .toISOString()
    .replace(/[-:TZ.]/g, '')
    .slice(0, 14)}+0000`;
  const read = message instanceof Unreadable ? null : message;
  const sent = (place: number) => read?.header.raw(place) ?? '';
  const { delimiters, controlId, trigger } = read ?? { delimiters: STANDARD, controlId: '', trigger: '' };
  const { field, component, repetition, escaping, subcomponent } = delimiters;
  const said = escaped(text, delimiters);
  const id = hashId('ack', controlId, text, now).slice(0, 20);
  const segments = [
    [
      'MSH',
      component + repetition + escaping + subcomponent,
      sent(5) || 'Wardstream',
      sent(6),
      sent(3),
      sent(4),
      time,
      '',
      trigger === '' ? 'ACK' : ['ACK', trigger, 'ACK'].join(component),
      id,
      sent(11) || 'P',
      sent(12) || '2.5',
    ],
    ['MSA', code, controlId, said],
  ];
  if (answer !== 'AA') {
    const error = ERRORS[rejections[0]?.reason ?? ''] ?? '207';
    segments.push(['ERR', '', '', error, 'E', '', '', '', said]);
  }
  return segments.map((segment) => `${segment.join(field)}\r`).join('');
}

/** The text with the delimiters of the message escaped, on one line. */
function escaped(text: string, delimiters: Delimiters): string {
  const { field, component, repetition, escaping, subcomponent } = delimiters;
  const names = new Map([
    [field, 'F'],
    [component, 'S'],
    [repetition, 'R'],
    [escaping, 'E'],
    [subcomponent, 'T'],
  ]);
  const short = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
  let out = '';
  for (const character of short.replace(/\p{Cc}+/gu, ' ')) {
    const name = names.get(character);
    out += name === undefined ? character : `${escaping}${name}${escaping}`;
  }
  return out;
}
