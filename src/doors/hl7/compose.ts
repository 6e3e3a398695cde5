import type {
  AdtMessage,
  AdtType,
  LabResultMessage,
  NoteMessage,
  Observation,
  VitalSignsMessage,
} from '../../contract/messages.js';
import { TOPICS } from '../../contract/topics.js';
import { DAY_MS } from '../../durations.js';
import type { SourceMessage } from '../../events/source-message.js';
import { OWN_SYSTEM } from './codes.js';

/** Who sends what is simulated. */
const SENDER = 'Wardstream simulator';
const TRIGGERS: Readonly<Record<AdtType, string>> = {
  ADMIT: 'A01',
  TRANSFER: 'A02',
  DISCHARGE: 'A03',
  UPDATE: 'A08',
};
const SEXES = { FEMALE: 'F', MALE: 'M', OTHER: 'O' } as const;
const DOCUMENTS: Readonly<Record<string, string>> = {
  admission: 'HP',
  progress: 'PN',
  nursing: 'NU',
  radiology: 'DI',
};

/** A message as a hospital's systems would send it: ADT, ORU or MDM; null of what HL7 v2 has no plain form for, such as an image. */
export function composed({ topic, record }: SourceMessage): string | null {
  if (Buffer.isBuffer(record)) return null;
  if (topic === TOPICS.adt) return stayOf(record as AdtMessage);
  if (topic === TOPICS.vitals) return reportOf(record as VitalSignsMessage, null);
  if (topic === TOPICS.labs)
    return reportOf(record as LabResultMessage, (record as LabResultMessage).specimenId);
  return topic === TOPICS.notes ? documentOf(record as NoteMessage) : null;
}

function stayOf(message: AdtMessage): string {
  const { type, eventTime, patientId, wardId, bedId, ageYears, sex, heightCm, weightKg } = message;
  const trigger = TRIGGERS[type];
  const time = timeText(eventTime);
  // Half a year before the birthday that the age says has passed, so that it is that age all of the year.
  const born =
    ageYears === null ? '' : timeText(eventTime - (ageYears + 0.5) * 365.2425 * DAY_MS).slice(0, 8);
  const place = wardId === null && bedId === null ? '' : `${escaped(wardId ?? '')}^^${escaped(bedId ?? '')}`;
  const measures = [
    heightCm === null ? null : `NM|8302-2^Body height^LN||${heightCm}|cm`,
    weightKg === null ? null : `NM|29463-7^Body weight^LN||${weightKg}|kg`,
  ].filter((each) => each !== null);
  return segments(
    header(`ADT^${trigger}`, message),
    `EVN|${trigger}|${time}||||${time}`,
    `PID|1||${escaped(patientId)}^^^SIM^MR||||${born}|${sex === null ? '' : SEXES[sex]}`,
    `PV1|1|I|${place}`,
    ...measures.map((each, index) => `OBX|${index + 1}|${each}`),
  );
}

function reportOf(message: VitalSignsMessage, specimenId: string | null): string {
  const { patientId, eventTime, observedAt, observations } = message;
  const time = timeText(observedAt ?? eventTime);
  return segments(
    header('ORU^R01^ORU_R01', message),
    `PID|1||${escaped(patientId)}^^^SIM^MR`,
    `OBR|1||${escaped(specimenId ?? '')}|||||`,
    ...observations.map(({ code, value, unit }: Observation, index) => {
      const system = /^\d+-\d$/.test(code) ? 'LN' : OWN_SYSTEM;
      return `OBX|${index + 1}|NM|${escaped(code)}^^${system}||${value}|${escaped(unit)}|||||F|||${time}`;
    }),
  );
}

function documentOf(message: NoteMessage): string {
  const { patientId, eventTime, observedAt, noteType, text, language } = message;
  return segments(
    header('MDM^T02', message, language),
    `PID|1||${escaped(patientId)}^^^SIM^MR`,
    `TXA|1|${DOCUMENTS[noteType] ?? 'OT'}|TX|${timeText(observedAt ?? eventTime)}|||||||||||||AU`,
    `OBX|1|TX|NOTE||${text.split('\n').map(escaped).join('~')}||||||F`,
  );
}

function header(kind: string, message: { messageId: string; eventTime: number }, language = ''): string {
  const { messageId, eventTime } = message;
  const end = language === '' ? '' : `||||||UNICODE UTF-8|${language}`;
  return `MSH|^~\\&|${SENDER}||||${timeText(eventTime)}||${kind}|${escaped(messageId)}|P|2.6${end}`;
}

function segments(...lines: readonly string[]): string {
  return `${lines.join('\r')}\r`;
}

/** To the millisecond, in UTC. */
function timeText(time: number): string {
  const digits = new Date(Math.round(time)).toISOString().replace(/\D/g, '');
  return `${digits.slice(0, 14)}.${digits.slice(14)}+0000`;
}

function escaped(text: string): string {
  return text.replace(/[\\|^~&\r\n]/g, (character) => ESCAPES[character]);
}
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\E\\',
  '|': '\\F\\',
  '^': '\\S\\',
  '~': '\\R\\',
  '&': '\\T\\',
  '\r': ' ',
  '\n': '\\.br\\',
};
