import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withOldName } from '../../src/contract/old-names.js';
import { fingerprintOf, parseSchema, readSchema, singleObjectHeader } from '../../src/events/avro.js';
import { MessageCodec } from '../../src/events/codec.js';
import { keptSchema, schemasIn } from '../../src/events/schema-files.js';
import { alert, temporaryDirectory, vitals } from '../helpers.js';

const SCHEMAS = readdirSync('schemas').flatMap((file) => (file.endsWith('.avsc') ? [file.slice(0, -5)] : []));
const HISTORY = readdirSync('schemas/history');
/** Of the versions that messages were written with when the history began. */
const FIRST = [
  'Acknowledgement-8cc660e063d0598c',
  'AdtEvent-4a957eedc2124f6f',
  'Alert-0cdf770c129de002',
  'ClinicalNote-5fe04ad60cb49f75',
  'DeadLetter-c7469b498729ee18',
  'ImagingEvent-520578f87282be28',
  'LabResult-6e881fa4bb7727fb',
  'PatientSnapshot-2900c2782638f91d',
  'RiskScore-806f0301df919d86',
  'VitalSigns-00d2c30654d5b795',
];

describe('schemas/history', () => {
  it.each(SCHEMAS)(
    'has %s as it is now (npm run api puts it there), so that a change of it leaves the old one there',
    (name) => {
      expect(HISTORY).toContain(`${name}-${fingerprintOf(parseSchema(readSchema(name)))}.avsc`);
    },
  );

  it('has lost nothing', () => {
    expect(HISTORY).toEqual(expect.arrayContaining(FIRST.map((each) => `${each}.avsc`)));
  });

  it.each(HISTORY)('holds what its name says, and it can be read as what the schema is now: %s', (file) => {
    const [name, fingerprint] = file.replace('.avsc', '').split('-');
    const schema = keptSchema(name, fingerprint) as never;
    expect(fingerprintOf(parseSchema(schema))).toBe(fingerprint);
    expect(() => parseSchema(readSchema(name)).createResolver(parseSchema(schema))).not.toThrow();
  });

  it('has none of a fingerprint that never was', () => {
    expect(keptSchema('VitalSigns', '0000000000000000')).toBeNull();
  });
});

describe('messages of an earlier version', () => {
  it('are read, of alerts as clinical ones', () => {
    const old = parseSchema(keptSchema('Alert', '0cdf770c129de002') as never);
    const bytes = Buffer.concat([singleObjectHeader(old), old.toBuffer(withOldName(alert('a1')))]);
    expect(new MessageCodec().decode('Alert', bytes)).toMatchObject({ alertId: 'a1', class: 'clinical' });
  });

  const named = HISTORY.filter((file) =>
    readFileSync(`schemas/history/${file}`, 'utf8').includes('"name": "risk"'),
  );

  it.each(named)('have their risk of death under its present name: %s', (file) => {
    const [name, fingerprint] = file.replace('.avsc', '').split('-') as ['Alert' | 'RiskScore', string];
    const old = parseSchema(keptSchema(name, fingerprint) as never);
    const record = { ...(old.random() as object), risk: 0.25 };
    const bytes = Buffer.concat([singleObjectHeader(old), old.toBuffer(record)]);
    const read = new MessageCodec().decode(name, bytes);
    expect(read).toMatchObject({ mortality: 0.25 });
    expect(read).not.toHaveProperty('risk');
  });

  it('are of readers who find ours by the alias `mortality` of their `risk`; else a score does not resolve, and an alert has none', () => {
    for (const [name, fingerprint] of [
      ['RiskScore', 'b97d51cf040d293d'],
      ['Alert', '9854b5ad621766d0'],
    ]) {
      const now = parseSchema(readSchema(name));
      const bytes = now.toBuffer({ ...(now.random() as object), mortality: 0.25 });
      const schema = keptSchema(name, fingerprint) as unknown as { fields: { name: string }[] };
      const plain = parseSchema(schema as never);
      if (name === 'RiskScore') expect(() => plain.createResolver(now)).toThrow('risk');
      else expect(plain.fromBuffer(bytes, plain.createResolver(now))).toMatchObject({ risk: null });
      const fields = schema.fields.map((field) =>
        field.name === 'risk' ? { ...field, aliases: ['mortality'] } : field,
      );
      const aware = parseSchema({ ...schema, fields } as never);
      expect(aware.fromBuffer(bytes, aware.createResolver(now))).toMatchObject({ risk: 0.25 });
    }
  });
});

describe('schemas.directory', () => {
  const other = (name: string) => {
    const schema = JSON.parse(readFileSync('schemas/VitalSigns.avsc', 'utf8'));
    schema.fields.push({ name: 'bed', type: 'string' });
    return { ...schema, name, namespace: 'org.wardstream' };
  };
  const folder = (files: Record<string, unknown>) => {
    const directory = mkdtempSync(join(temporaryDirectory(), 'schemas-'));
    for (const [file, content] of Object.entries(files)) {
      writeFileSync(join(directory, file), typeof content === 'string' ? content : JSON.stringify(content));
    }
    mkdirSync(join(directory, 'more'));
    return directory;
  };

  it('names what producers write with, whatever its files are called', () => {
    const directory = folder({ 'gateway.avsc': other('VitalSigns'), 'README.md': 'of the gateway' });
    expect(schemasIn(directory).map(({ name }) => name)).toEqual(['VitalSigns']);
    const type = parseSchema(other('VitalSigns'));
    const message = { ...vitals({ heartRate: 80 }), bed: '7' };
    const bytes = Buffer.concat([singleObjectHeader(type), type.toBuffer(message)]);
    expect(new MessageCodec().decode('VitalSigns', bytes)).toMatchObject({ reason: 'unknown-schema' });
    expect(new MessageCodec({ directory }).decode('VitalSigns', bytes)).toMatchObject({ patientId: 'p1' });
  });

  it.each([
    ['is not there', () => join(tmpdir(), 'wardstream-no-such-folder')],
    ['has a file that is no JSON', () => folder({ 'a.avsc': 'record' })],
    ['has a schema of another record', () => folder({ 'a.avsc': other('Temperature') })],
    [
      'has a schema that does not resolve',
      () => folder({ 'a.avsc': { ...other('VitalSigns'), fields: [] } }),
    ],
  ])('that %s is refused at the start', (_, directory) => {
    const codec = () => new MessageCodec({ directory: directory() });
    expect(codec).toThrow(expect.objectContaining({ code: 'WS_SCHEMA' }));
  });
});
