import { CodeBook } from '../../../src/doors/hl7/codes.js';
import { type Hl7Message, messagesIn } from '../../../src/doors/hl7/message.js';
import { parseSender } from '../../../src/doors/hl7/sender.js';
import { translate } from '../../../src/doors/hl7/translate.js';
import type { Translation } from '../../../src/doors/hl7/translation.js';

/** The clock of these tests. */
export const NOW = Date.UTC(2026, 0, 14, 9, 30);

/** A header as monitors send it: no zone but that of the sender. */
export function msh(kind: string, id = '1', more = ''): string {
  return `MSH|^~\\&|MON|ICU|||20260114091000+0000||${kind}|${id}|P|2.6${more}`;
}

/** An ORU of one report with these OBX, each from its third field on: code|sub-id|value|unit|||||status. */
export function oru(...values: readonly string[]): string {
  const obx = values.map((value, index) => `OBX|${index + 1}|NM|${value}`);
  const pid = 'PID|||p1^^^WARD^MR||DOE^JO||19600229|F';
  return [msh('ORU^R01^ORU_R01'), pid, 'PV1||I|ICU^2^05', 'OBR|1|||x|||20260114090900+0000', ...obx].join(
    '\r',
  );
}

/** What comes out of the first message in a text. */
export function translated(text: string, sender: object = {}, now = NOW): Translation {
  const parsed = parseSender(sender, 'the sender');
  const options = { sender: parsed, codes: new CodeBook(parsed), now, maxFutureSkewMs: 900_000 };
  return translate(messagesIn(text)[0].read, options);
}

/** The records of a topic that come out, without their ids. */
export function records(translation: Translation, topic: string): Record<string, unknown>[] {
  return translation.messages
    .filter((message) => message.topic === topic)
    .map(({ record }) => {
      const { messageId, ...rest } = record as unknown as Record<string, unknown>;
      return rest;
    });
}

/** Values by code, of vital signs and laboratory results. */
export function valuesOf(translation: Translation): Record<string, number> {
  const observations = translation.messages.flatMap(
    ({ record }) => (record as { observations?: { code: string; value: number }[] }).observations ?? [],
  );
  return Object.fromEntries(observations.map(({ code, value }) => [code, value]));
}

export function read(text: string): Hl7Message {
  return messagesIn(text)[0].read as Hl7Message;
}
