import { z } from 'zod';
import { checked } from '../../settings/checked.js';
import { readSettings } from '../../settings/config.js';
import { parseSender, type Sender } from '../hl7/sender.js';

const column = z.string().min(1);

const columnsSchema = z.strictObject({
  patient: column,
  /** One column, or several whose texts are put together with a space: a date and a time of day. */
  time: z.union([column, z.array(column).min(1)]),
  observedAt: z.union([column, z.array(column).min(1)]).optional(),
  specimen: column.optional(),
  code: column.optional(),
  system: column.optional(),
  value: column.optional(),
  unit: column.optional(),
});

/** How times are written. */
export const TIME_FORMS = ['iso', 'day-month-year', 'month-day-year', 'epoch-s', 'epoch-ms'] as const;
export type TimeForm = (typeof TIME_FORMS)[number];

const layoutSchema = z
  .strictObject({
    delimiter: z.enum([',', ';', '\t', '|']).default(','),
    /** Stated, never guessed. */
    times: z.enum(TIME_FORMS).default('iso'),
    columns: columnsSchema,
    /** By column: the code and the unit of the values in it, where each column is of one code. */
    values: z
      .record(column, z.strictObject({ code: z.string().min(1), unit: z.string().optional() }))
      .transform((record) => new Map(Object.entries(record)))
      .optional(),
  })
  .superRefine(({ columns, values }, context) => {
    const isLong = columns.code !== undefined && columns.value !== undefined;
    if (isLong !== (values !== undefined && values.size > 0)) return;
    const message = 'name columns.code and columns.value, or the columns of values, and not both';
    context.addIssue({ code: 'custom', message });
  });
export type Layout = z.infer<typeof layoutSchema>;

/** What the columns of a sender's files are, and what is in them. */
export interface CsvMapping {
  readonly layout: Layout;
  readonly sender: Sender;
}

const LAYOUT_KEYS = new Set(['delimiter', 'times', 'columns', 'values']);

/** Reads a mapping: the keys of a sender's file, and the layout of its files. @throws WardstreamError `WS_CONFIG` naming each thing that is wrong. */
export function loadCsvMapping(file: string): CsvMapping {
  const entries = Object.entries((readSettings(file, 'mapping') ?? {}) as Record<string, unknown>);
  const own = Object.fromEntries(entries.filter(([key]) => LAYOUT_KEYS.has(key)));
  const layout = checked(layoutSchema, own, file);
  const rest = Object.fromEntries(entries.filter(([key]) => !LAYOUT_KEYS.has(key)));
  return { layout, sender: parseSender(rest, file) };
}
