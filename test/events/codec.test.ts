import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_SOFA } from '../../src/clinical/sofa.js';
import type { PresentState } from '../../src/clinical/state.js';
import { NO_FORECASTS } from '../../src/contract/outcomes.js';
import { crc64Avro, parseSchema, readSchema, singleObjectHeader } from '../../src/events/avro.js';
import { DecodeFailure, MessageCodec, type RecordName, type RecordShapes } from '../../src/events/codec.js';
import { adt, labs, patientNow, START, treatment, vitals } from '../helpers.js';

const codec = new MessageCodec();

const STATE: PresentState = {
  criterion: 'hypotension',
  label: 'Low mean pressure',
  grade: 'failing',
  sign: 'map',
  value: 61.5,
  unit: 'mm[Hg]',
  since: START,
  at: START + 1,
  variable: 'mapInvasive',
};

/** The VitalSigns schema before `source` was added and with a field since removed. */
function olderSchema() {
  const schema = structuredClone(readSchema('VitalSigns')) as { fields: { name: string }[] };
  const fields = schema.fields.filter(({ name }) => name !== 'source');
  return { ...schema, fields: [...fields, { name: 'bed', type: 'string' }] } as never;
}

describe('MessageCodec', () => {
  it('fingerprints as the Avro specification does', () => {
    expect(crc64Avro('"int"')).toBe(0x7275d51a3f395c8fn);
    expect(crc64Avro('"null"')).toBe(0x63dd24e7cc258f8an);
  });

  it('reads back what it wrote', () => {
    const message = vitals({ heartRate: 80, temperature: 36.6 });
    expect(codec.decode('VitalSigns', codec.encode('VitalSigns', message))).toEqual(message);
  });

  it('resolves an older writer schema: what is new gets its default, what is gone is dropped', () => {
    const { source: _, ...message } = vitals({ heartRate: 80 });
    const type = parseSchema(olderSchema());
    const bytes = Buffer.concat([singleObjectHeader(type), type.toBuffer({ ...message, bed: '7' })]);
    expect(codec.decode('VitalSigns', bytes)).toMatchObject({ reason: 'unknown-schema' });
    const informed = new MessageCodec();
    informed.addWriterSchema('VitalSigns', olderSchema());
    expect(informed.decode('VitalSigns', bytes)).toEqual({ ...message, source: '' });
  });

  it('refuses a writer schema that cannot be resolved', () => {
    const other = { type: 'record', name: 'VitalSigns', namespace: 'org.wardstream', fields: [] } as never;
    expect(() => new MessageCodec().addWriterSchema('VitalSigns', other)).toThrow('VitalSigns');
  });

  it('reads Confluent framing once the registry has given the schema', async () => {
    const registry = {
      fetchSchema: async (id: number) => {
        if (id === 9) throw new Error('it is away');
        return id === 7 ? olderSchema() : null;
      },
    };
    const framed = new MessageCodec({ registry });
    const { source: _, ...message } = vitals({ heartRate: 80 });
    const datum = parseSchema(olderSchema()).toBuffer({ ...message, bed: '7' });
    const bytes = (id: number) => Buffer.concat([Buffer.from([0, 0, 0, 0, id]), datum]);
    expect(framed.missingSchemaId(bytes(7))).toBe(7);
    const among = Buffer.concat([Buffer.alloc(3, 1), bytes(7), Buffer.alloc(20, 1)]);
    expect(framed.missingSchemaId(among, 3, 3 + bytes(7).length)).toBe(7);
    expect(framed.missingSchemaId(among, 3, 8)).toBeNull();
    await framed.loadSchema(7);
    expect(framed.missingSchemaId(bytes(7))).toBeNull();
    expect(framed.decode('VitalSigns', bytes(7))).toEqual({ ...message, source: '' });
    await framed.loadSchema(8);
    // It was asked, and need not be again for a while.
    expect(framed.missingSchemaId(bytes(8))).toBeNull();
    expect(framed.decode('VitalSigns', bytes(8))).toMatchObject({ reason: 'unknown-schema' });
    await expect(framed.loadSchema(9)).rejects.toThrow('away');
    expect(framed.missingSchemaId(bytes(9))).toBe(9);
    expect(codec.decode('VitalSigns', bytes(7))).toMatchObject({ reason: 'undecodable' });
  });

  it('gives a reason for any bytes and never throws', () => {
    const message = codec.encode('VitalSigns', vitals({ heartRate: 80, temperature: 36.6 }));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(message.length - 1), (noise, cut) => {
        expect(codec.decode('VitalSigns', Buffer.from(noise))).toBeInstanceOf(DecodeFailure);
        expect(codec.decode('VitalSigns', message.subarray(0, cut))).toBeInstanceOf(DecodeFailure);
        codec.decode('VitalSigns', Buffer.concat([message.subarray(0, 10), noise]));
      }),
    );
  });

  it('does not believe an array of 2^40 items', () => {
    const honest = codec.encode('VitalSigns', { ...vitals({}), observations: [] });
    const hostile = Buffer.concat([
      honest.subarray(0, -1),
      Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x40]),
    ]);
    expect(codec.decode('VitalSigns', hostile)).toMatchObject({ reason: 'undecodable' });
  });
});

/** One message of every record, each union once with its value and once null. */
const EXAMPLES: { [Name in RecordName]: readonly RecordShapes[Name][] } = {
  VitalSigns: [vitals({ heartRate: 80, temperature: 36.6 }), vitals({}, { observedAt: START - 1000 })],
  LabResult: [
    labs({ ph: 7.35, lactate: 1.2 }, { withdrawn: [] }),
    labs({ ph: 7.4 }, { specimenId: 'L-1', source: 'lab', withdrawn: ['lactate'] }),
  ],
  Treatment: [
    treatment({ treatmentId: 'pump-1', weightKg: 80, corrects: 't-0', observedAt: START - 1000 }),
    treatment({ action: 'STOP', rate: null, unit: null, drug: 'C01CA03', drugSystem: 'ATC' }),
  ],
  ImagingEvent: [
    {
      ...head(),
      modality: 'DX',
      bodySite: 'CHEST',
      mediaType: 'image/png',
      image: Buffer.from([1]),
      uri: null,
    },
    { ...head(), modality: 'CT', bodySite: 'HEAD', mediaType: 'image/jpeg', image: null, uri: 'pacs://1' },
  ],
  ClinicalNote: [
    { ...head(), noteType: 'nursing', authorRole: 'nurse', language: 'de', text: 'Atmet schwer. 37,9 °C 🌡' },
  ],
  AdtEvent: [
    adt('ADMIT', {
      wardId: 'A',
      bedId: '7',
      unitType: 'MEDICAL',
      ageYears: 70,
      sex: 'FEMALE',
      heightCm: 165,
    }),
    adt('DISCHARGE'),
  ],
  Acknowledgement: [
    { ...ids(), alertId: 'a1', action: 'SNOOZE', actor: 'nurse-1', snoozeMs: 600_000, reason: 'bathing' },
    { ...ids(), alertId: 'a1', action: 'ACKNOWLEDGE', actor: 'nurse-1', snoozeMs: null, reason: null },
  ],
  RiskScore: [
    score({ news2: 7, qsofa: 2, news2Missing: ['alert', 'spo2'] }),
    score({ sofa: { ...NO_SOFA, total: 5, renal: 3, liver: 2 }, states: [STATE] }),
    score({
      outOfRange: ['lactate', 'ph'],
      shadow: true,
      contributions: { base: 0.125, structured: 0.125, text: null, image: 0 },
    }),
    score({
      late: true,
      wardId: 'A',
      bedId: '7',
      circulatory: 0.5,
      respiratory: 0.125,
      deterioration: 0.625,
    }),
  ],
  Alert: [
    alert({
      evidence: [{ variable: 'lactate', value: 4.1, unit: 'mmol/L', ageMs: 60_000, effect: 0.125 }],
      contributions: { base: 0.125, structured: 0.25, text: -0.0625, image: null },
      news2: 9,
      context: [{ eventTime: START - 60_000, noteId: 'n1', text: 'comfort care' }],
    }),
    alert({ state: 'RESOLVED', sequence: 1, actor: 'nurse-1', reason: 'better' }),
  ],
  DeadLetter: [
    {
      deadLetterId: 'd1',
      topic: 'ward.labs',
      partition: 3,
      offset: 2 ** 40,
      reason: 'undecodable',
      detail: 'the message ends early',
      patientId: null,
      eventTime: null,
      raw: Buffer.from([0, 255]),
      count: 3,
    },
  ],
  PatientNow: [
    patientNow({
      wardId: 'W',
      bedId: '7',
      ageYears: 70,
      sex: 'FEMALE',
      scoredAt: START,
      mortality: 0.2,
      circulatory: 0.1,
      hypotension: 0.1,
      respiratory: 0.2,
      sepsis: 0.1,
      deterioration: 0.3,
      mortalityHistory: [{ at: START, mortality: 0.2 }],
      news2: 3,
      qsofa: 1,
      sofa: NO_SOFA,
      values: [{ variable: 'heartRate', value: 80, unit: '/min', at: START }],
      told: {
        values: [{ variable: 'gcs', at: START, noteId: 'n', sentence: 'GCS of 6.' }],
        contradicted: [
          {
            variable: 'spo2',
            value: 99,
            measured: 80,
            unit: '%',
            at: START,
            noteId: 'n',
            sentence: 'Sats 99 %.',
          },
        ],
        statuses: [{ text: 'on noradrenaline', at: START, noteId: 'n', sentence: 'On norad.' }],
      },
      alerts: [Buffer.from([1])],
      positions: { 'ward.vitals': 7 },
    }),
    patientNow(),
  ],
  EngineNow: [
    {
      ...{ engine: 'e', partition: 3, epoch: 7, time: START, state: 'live' },
      ...{ readThrough: START, eventTime: START, lagMs: 40, patients: 12 },
    },
    {
      ...{ engine: 'e', partition: 3, epoch: 7, time: START, state: 'restoring' },
      ...{ readThrough: null, eventTime: null, lagMs: 0, patients: 0 },
    },
  ],
  ExplanationRequest: [{ requestId: 'r', patientId: 'p', outcome: 'mortality' }],
  ExplanationAnswer: [
    {
      requestId: 'r',
      patientId: 'p',
      engine: 'e',
      explanation: {
        stayId: 'p@s',
        eventTime: START,
        modelVersion: 'm',
        outcome: 'mortality',
        value: 0.2,
        contributions: { base: 0.1, structured: 0.1, text: null, image: null },
        newestText: START,
        newestImage: null,
        variables: [{ variable: 'heartRate', value: 80, unit: '/min', ageMs: 1, effect: 0.1 }],
      },
      failure: null,
    },
    { requestId: 'r', patientId: 'p', engine: 'e', explanation: null, failure: 'why' },
  ],
  Verdict: [
    verdict({ outcome: 'set-aside', reason: 'future', problem: 'no-text: 3 characters' }),
    verdict({
      values: [{ index: 3, verdict: 'artefact', reason: 'flush' }],
      finding: { label: 'pneumonia', probability: 0.25, encoder: 'n', caution: 'a portable picture' },
    }),
    verdict({
      offset: -1,
      stay: {
        stayId: 'p1@1',
        wardId: 'A',
        bedId: null,
        admittedAt: START,
        dischargedAt: START + 1,
        reopened: 1,
      },
    }),
    verdict({ derived: [{ variable: 'lactate', value: 3.5, start: 4, end: 20 }] }),
    verdict({ through: [{ topic: 'ward.vitals', from: 3, offset: 2 ** 40 }] }),
  ],
  PatientSnapshot: [
    {
      formatVersion: 1,
      patientId: 'p1',
      stayId: 'p1@2026',
      eventTime: START,
      modelVersion: 'm',
      positions: Object.assign(Object.create(null), { 'ward.vitals': 2 ** 33 }),
      compression: 'DEFLATE',
      state: Buffer.from([1, 2, 3]),
    },
  ],
};

function ids() {
  return { messageId: 'm1', patientId: 'p1', eventTime: START };
}

function head() {
  return { ...ids(), observedAt: START - 1, source: 'test' };
}

function verdict(at: Partial<RecordShapes['Verdict']>): RecordShapes['Verdict'] {
  const where = { patientId: 'p1', topic: 'ward.vitals', partition: 3, offset: 7 };
  const none = { outcome: 'used', reason: '', finding: null, problem: null } as const;
  return { ...where, ...none, values: [], derived: [], stay: null, through: [], ...at };
}

function score(at: Partial<RecordShapes['RiskScore']>): RecordShapes['RiskScore'] {
  const where = { scoreId: 's1', patientId: 'p1', stayId: 'p1@1', wardId: null, eventTime: START };
  const none = {
    modelVersion: 'm',
    mortality: 0.25,
    ...NO_FORECASTS,
    news2: null,
    news2Missing: [],
    qsofa: null,
    late: false,
    contributions: null,
    outOfRange: [],
    shadow: false,
    sofa: null,
    states: [],
    bedId: null,
  };
  return { ...where, ...none, ...at };
}

function alert(at: Partial<RecordShapes['Alert']>): RecordShapes['Alert'] {
  const where = { alertId: 'a1', sequence: 0, patientId: 'p1', stayId: 'p1@1', wardId: null, bedId: null };
  const rule = { rule: 'risk-high', priority: 'HIGH', state: 'RAISED', value: 0.6, threshold: 0.5 } as const;
  const signal = { signal: 'mortality', label: 'Risk of death in hospital', unit: '1' };
  const moment = { onsetTime: START - 1, eventTime: START, mortality: 0.6, trend: 0.1, news2: null };
  return {
    ...where,
    ...rule,
    ...signal,
    ...moment,
    modelVersion: 'm',
    contributions: null,
    evidence: [],
    actor: null,
    reason: null,
    class: 'clinical',
    detail: null,
    raisedWardId: null,
    raisedBedId: null,
    leftWardId: null,
    ...at,
  };
}

describe.each(Object.keys(EXAMPLES) as RecordName[])('%s', (name) => {
  const encoded = EXAMPLES[name].map((message) => codec.encode(name, message));

  it('comes back as it was written', () => {
    expect(encoded.map((bytes) => codec.decode(name, bytes))).toEqual(EXAMPLES[name]);
  });

  it('is undecodable cut at any byte, or with a byte more', () => {
    for (const bytes of encoded) {
      for (let cut = 0; cut < bytes.length; cut++) {
        expect(codec.decode(name, bytes.subarray(0, cut))).toMatchObject({ reason: 'undecodable' });
      }
      const longer = Buffer.concat([bytes, Buffer.from([0])]);
      expect(codec.decode(name, longer)).toMatchObject({ reason: 'undecodable' });
    }
  });

  it('is not read as another record', () => {
    const other = name === 'VitalSigns' ? 'LabResult' : 'VitalSigns';
    expect(codec.decode(other, encoded[0])).toMatchObject({ reason: 'unknown-schema' });
  });

  it('survives any noise after a true header, and any damaged byte, without throwing', () => {
    const started = performance.now();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), fc.nat(255), (noise, place, byte) => {
        codec.decode(name, Buffer.concat([encoded[0].subarray(0, 10), noise]));
        const damaged = Buffer.from(encoded[0]);
        damaged[place % damaged.length] = byte;
        codec.decode(name, damaged);
      }),
      { numRuns: 300 },
    );
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('an older writer', () => {
  it('may not know onsets: they are null', () => {
    const schema = structuredClone(readSchema('RiskScore')) as unknown as { fields: { name: string }[] };
    const isNew = ({ name }: { name: string }) => name in NO_FORECASTS;
    schema.fields = schema.fields.filter((field) => !isNew(field));
    const type = parseSchema(schema as never);
    const older = Object.fromEntries(
      Object.entries(score({ news2: 3 })).filter(([name]) => !(name in NO_FORECASTS)),
    );
    const informed = new MessageCodec();
    informed.addWriterSchema('RiskScore', schema as never);
    const bytes = Buffer.concat([singleObjectHeader(type), type.toBuffer(older)]);
    expect(informed.decode('RiskScore', bytes)).toEqual(score({ news2: 3 }));
  });
});

describe('a newer writer', () => {
  it('may know an action this reader does not: it is read as the default', () => {
    const schema = structuredClone(readSchema('Acknowledgement')) as unknown as {
      fields: { name: string; type: { symbols: string[] } }[];
    };
    schema.fields.find(({ name }) => name === 'action')?.type.symbols.push('DELEGATE');
    const type = parseSchema(schema as never);
    const message = EXAMPLES.Acknowledgement[0];
    const datum = type.toBuffer({ ...message, action: 'DELEGATE' });
    const informed = new MessageCodec();
    informed.addWriterSchema('Acknowledgement', schema as never);
    const bytes = Buffer.concat([singleObjectHeader(type), datum]);
    expect(informed.decode('Acknowledgement', bytes)).toEqual({ ...message, action: 'COMMENT' });
  });

  it('may add an array or a map: neither is believed when it lies about its length', () => {
    const schema = structuredClone(readSchema('VitalSigns')) as unknown as { fields: object[] };
    schema.fields.push({ name: 'tags', type: { type: 'map', values: 'string' } });
    const type = parseSchema(schema as never);
    const message = vitals({ heartRate: 80 });
    const informed = new MessageCodec();
    informed.addWriterSchema('VitalSigns', schema as never);
    const honest = Buffer.concat([singleObjectHeader(type), type.toBuffer({ ...message, tags: {} })]);
    expect(informed.decode('VitalSigns', honest)).toEqual(message);
    const trillion = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x40]);
    const hostile = Buffer.concat([honest.subarray(0, -1), trillion]);
    expect(informed.decode('VitalSigns', hostile)).toMatchObject({ reason: 'undecodable' });
  });
});

describe('a megabyte of false observations', () => {
  it('is given up at the end of the message, not after as many as it declares', () => {
    const honest = codec.encode('VitalSigns', vitals({}));
    // 2^20 observations declared, a tenth of them there.
    const hostile = Buffer.concat([
      honest.subarray(0, -2),
      Buffer.from([0x80, 0x80, 0x80, 1]),
      Buffer.alloc(1 << 20),
    ]);
    expect(codec.decode('VitalSigns', hostile)).toEqual(
      new DecodeFailure('undecodable', 'the message ends within an array'),
    );
  });
});
