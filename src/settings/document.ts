import { z } from 'zod';
import { configSchema } from './config.js';

/** What of a JSON Schema, as zod writes it, the page is made of. */
interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  /** Why the default is what it is. */
  readonly reason?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  /** Of what has names that are not settings: what stands under each. */
  readonly additionalProperties?: boolean | Schema;
  readonly prefixItems?: readonly Schema[];
}

/** One setting of the page. */
export interface Setting {
  readonly name: string;
  /** Where it is one of a variant only: `kind: kafka`. */
  readonly where: string;
  /** Unit, or else what can be given. */
  readonly unit: string;
  /** Empty where the setting is needed, or may be left out. */
  readonly byDefault: string;
  readonly meaning: string;
  readonly reason: string;
}

const UNITS: readonly (readonly [ending: RegExp, unit: string])[] = [
  [/Ms$/, 'ms'],
  [/Bytes$/, 'bytes'],
  [/Days$/, 'days'],
  [/Hours$/, 'h'],
  [/Pixels$|^inputSize$/, 'pixels'],
  [/PerMinute$/, 'per minute'],
];
/** Of more names than that the meaning says where they are. */
const MOST_NAMES = 8;
const HEAD = `# Settings

Every setting, with its unit, default, meaning, and why the default is what it is. \`npm run api\` writes this page from the schema
(\`src/settings\`). A file of settings is YAML or JSON; what it leaves out has its default. \`wardstream doctor --config FILE\` checks it.
A name of before is accepted, with a warning that says the present one.

A secret is text, \`{ env: NAME }\` or \`{ file: PATH }\`. Times are in milliseconds unless their name says otherwise.
`;

/** All settings, in the order of the schema. */
export function settings(): Setting[] {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    unrepresentable: 'any',
    // Of what holds a secret, zod leaves the default out.
    override: ({ zodSchema: { _zod }, jsonSchema }) => {
      if (_zod.def.type === 'default') jsonSchema.default = _zod.def.defaultValue as never;
    },
  });
  return merged(settingsOf(schema as Schema, '', ''));
}

/** docs/settings.md. */
export function settingsDocument(): string {
  const sections = new Map<string, Setting[]>();
  for (const setting of settings()) {
    const [section] = setting.name.split(/[.[]/);
    sections.set(section, [...(sections.get(section) ?? []), setting]);
  }
  const tables = [...sections].map(([section, rows]) => `## ${section}\n\n${table(rows)}`);
  return `${[HEAD, ...tables].join('\n')}`;
}

function table(rows: readonly Setting[]): string {
  const head = ['name', 'unit', 'default', 'meaning', 'why'];
  const cells = rows.map(({ name, where, unit, byDefault, meaning, reason }) => {
    const shown = where === '' ? `\`${name}\`` : `\`${name}\` (${where})`;
    return [shown, unit, byDefault === '' ? '' : `\`${byDefault}\``, meaning, reason];
  });
  const lines = [head, ...cells].map((line) => line.map((text) => text.replaceAll('|', '\\|')));
  // As the formatter has it.
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const line = (texts: readonly string[], fill: string) =>
    `| ${texts.map((text, column) => text.padEnd(widths[column], fill)).join(' | ')} |\n`;
  const [first, ...rest] = lines;
  return [
    line(first, ' '),
    line(
      head.map(() => ''),
      '-',
    ),
    ...rest.map((each) => line(each, ' ')),
  ].join('');
}

function settingsOf(schema: Schema, name: string, where: string): Setting[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, child]) => {
    // What tells a variant is said by `where`, and listed once with the values it may have.
    if (child.const !== undefined) return [];
    return settingsAt(child, name === '' ? key : `${name}.${key}`, where);
  });
}

function settingsAt(schema: Schema, name: string, where: string): Setting[] {
  const variants = (schema.anyOf ?? schema.oneOf ?? []).filter((each) => each.properties !== undefined);
  if (isSecret(schema)) return [leaf(schema, name, where, 'secret')];
  if (variants.length > 0) {
    const tag = tagOf(variants);
    const own =
      tag === null
        ? leaf(schema, name, where, simpleUnit(schema))
        : tagged(schema, name, where, tag, variants);
    const inside = variants.flatMap((variant) => {
      const value = tag === null ? undefined : variant.properties?.[tag].const;
      return settingsOf(variant, name, value === undefined ? where : both(where, `${tag}: ${value}`));
    });
    return [own, ...inside];
  }
  if (typeof schema.additionalProperties === 'object') {
    return [
      leaf(schema, name, where, 'group'),
      ...settingsOf(schema.additionalProperties, `${name}.*`, where),
    ];
  }
  if (schema.properties !== undefined) {
    const inside = settingsOf(schema, name, where);
    return schema.description === undefined ? inside : [leaf(schema, name, where, 'group'), ...inside];
  }
  if (schema.items?.properties !== undefined) {
    return [leaf(schema, name, where, 'list'), ...settingsOf(schema.items, `${name}[]`, where)];
  }
  const kinds = schema.items?.anyOf ?? schema.items?.oneOf ?? [];
  if (schema.items !== undefined && kinds.some((each) => each.properties !== undefined)) {
    return [leaf(schema, name, where, 'list'), ...settingsAt(schema.items, `${name}[]`, where)];
  }
  return [leaf(schema, name, where, unitOf(name, schema))];
}

/** What is the same in several variants stands once. */
function merged(rows: readonly Setting[]): Setting[] {
  const all = new Map<string, Setting>();
  for (const row of rows) {
    const key = JSON.stringify({ ...row, where: '' });
    const before = all.get(key);
    const isNew = before !== undefined && before.where !== row.where;
    all.set(key, isNew ? { ...row, where: `${before.where}; ${row.where}` } : row);
  }
  return [...all.values()];
}

/** The setting that says which variant it is. */
function tagged(
  schema: Schema,
  name: string,
  where: string,
  tag: string,
  variants: readonly Schema[],
): Setting {
  const values = variants.map(({ properties }) => properties?.[tag].const);
  const chosen = (schema.default as Record<string, unknown> | undefined)?.[tag];
  const own = leaf({ ...schema, default: chosen }, `${name}.${tag}`, where, `one of ${values.join(', ')}`);
  return own.meaning === '' ? { ...own, meaning: 'Which of these it is.' } : own;
}

/** The property by whose constant the variants are told apart. */
function tagOf(variants: readonly Schema[]): string | null {
  const [first] = variants;
  const isTag = (key: string) => variants.every(({ properties }) => properties?.[key]?.const !== undefined);
  return Object.keys(first.properties ?? {}).find(isTag) ?? null;
}

function isSecret({ anyOf = [] }: Schema): boolean {
  const has = (key: string) =>
    anyOf.some(({ properties }) => properties !== undefined && Object.keys(properties).join() === key);
  return has('env') && has('file');
}

function leaf(schema: Schema, name: string, where: string, unit: string): Setting {
  const { description: meaning = '', reason = '' } = schema;
  return { name, where, unit, byDefault: shown(schema.default), meaning, reason };
}

/** Groups have the defaults of what is in them. */
function shown(value: unknown): string {
  if (value === undefined || value === '') return '';
  if (typeof value !== 'object' || value === null) return String(value);
  if (!Array.isArray(value) || value.some((each) => typeof each === 'object')) return '';
  return JSON.stringify(value);
}

function simpleUnit({ anyOf = [] }: Schema): string {
  return anyOf.some(({ type }) => type === 'boolean') ? 'true, false or a group' : 'group';
}

function unitOf(name: string, schema: Schema): string {
  const [last] = name.split('.').slice(-1);
  const unit = UNITS.find(([ending]) => ending.test(last))?.[1];
  if (unit !== undefined) return unit;
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  if (schema.prefixItems !== undefined) return schema.prefixItems.map(({ type }) => type).join(', ');
  if (schema.type === 'array') {
    const { items = {} } = schema;
    const { enum: names = [] } = items;
    return names.length === 0 || names.length > MOST_NAMES ? 'list of text' : `list of ${names.join(', ')}`;
  }
  const words: Record<string, string> = { integer: 'whole number', boolean: 'true or false', string: 'text' };
  return words[schema.type ?? ''] ?? schema.type ?? 'text';
}

function both(outer: string, inner: string): string {
  return outer === '' ? inner : `${outer}, ${inner}`;
}
