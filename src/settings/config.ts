import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { PRIORITIES } from '../contract/priorities.js';
import { faultsOf, SIGNAL_IDS } from '../contract/signals.js';
import { MINUTE_MS } from '../durations.js';
import { WardstreamError } from '../errors.js';
import { busSchema } from './bus.js';
import { checked } from './checked.js';
import { doorsSchema } from './doors.js';
import { encodersSchema } from './encoders.js';
import { feedsSchema } from './feeds.js';
import { metricsSchema } from './metrics.js';
import { withPresentNames } from './renamed.js';
import { rolesSchema } from './roles.js';
import { secretSchema } from './secret.js';
import { serverConfigSchema } from './server.js';
import { baselinesSchema, stateAlarmsSchema } from './states.js';
import { storeSchema } from './store.js';

const MIB = 1_048_576;
const ms = z.number().int().nonnegative();

/**
 * A rule that raises alerts from one signal of `SIGNALS`: a probability of the model or a score of what is there. Thresholds in the
 * signal's unit.
 */
const ruleSchema = z.strictObject({
  id: z.string().min(1).describe('Name of the rule; alerts carry it.'),
  signal: z
    .enum(SIGNAL_IDS)
    .describe(
      'What it watches: a probability of the model (`mortality`: death in hospital; `circulatory`, `hypotension`, `respiratory`, `deterioration`: onset within 8 h, the last of hypotension or respiratory failure; `sepsis`: onset within 6 h), points of NEWS2 or SOFA, or how many critical or failing states are there now.',
    ),
  priority: z.enum(PRIORITIES).describe('How soon somebody has to react, after IEC 60601-1-8.'),
  raiseAt: z
    .number()
    .describe(
      'Raise at or above; within what the signal can be: 0 to 1, 1 to 20 points of NEWS2, 1 to 24 of SOFA, or a number of states.',
    ),
  resolveBelow: z
    .number()
    .describe('Resolve below; above 0 and at most `raiseAt`, the gap is the hysteresis.'),
  holdMs: ms.describe(
    'The signal must stay at or above `raiseAt` this long (event time) before the alert is raised.',
  ),
  refractoryMs: ms.describe('After it resolved, no new alert of this rule for this long.'),
  escalateAfterMs: ms.describe('An alert nobody acknowledged escalates after this long.'),
  startAfterMs: ms
    .optional()
    .describe(
      'In so much of a stay’s beginning no alert is raised: patients come in with what the rule foretells. By default 0.',
    ),
  endAfterMs: ms
    .positive()
    .optional()
    .describe(
      'So long after it was raised an alert ends: what it foretold is due by then, or was wrong. By default it does not.',
    ),
  quietDuringEvent: z
    .boolean()
    .optional()
    .describe(
      'Whether no alert is raised, and an open one ends, while the patient is in the failure that the signal foretells, by the criteria of the endpoints: circulatory, hypotension, respiratory, or, for other signals, hypotension or respiratory failure. A rule on `sepsis` is never quiet: whether it is there is not known. By default false.',
    ),
  quietAfterEventMs: ms
    .positive()
    .optional()
    .describe(
      'So long after that failure was last there no alert is raised: what comes so soon is the same event again. Each rule is quiet about its own failure only, and alarms of the present state are never quiet. By default 0.',
    ),
});
export type AlertRule = z.infer<typeof ruleSchema>;

/**
 * What `wardstream tune` found for at most 0.6 alerts a patient-day, half of them true, on half of set B of PhysioNet 2012. Model 2026.11-f
 * was not trained on that set; what the rule does on the other half is in docs/validation.md, section 8. NEWS2 alarms in a profile for
 * wards only (deploy/ward-profile.yaml).
 */
const DEFAULT_RULES: AlertRule[] = [
  {
    id: 'deterioration',
    signal: 'deterioration',
    priority: 'MEDIUM',
    raiseAt: 0.32,
    resolveBelow: 0.16,
    holdMs: 0,
    refractoryMs: 4 * 60 * MINUTE_MS,
    escalateAfterMs: 30 * MINUTE_MS,
    startAfterMs: 2 * 60 * MINUTE_MS,
    endAfterMs: 4 * 60 * MINUTE_MS,
    quietDuringEvent: true,
  },
];

/** What runs the model. Scores are equal to the bit on one machine and runtime, and to 1e-4 across them. */
const runtimeSchema = z.discriminatedUnion('kind', [
  /** Whichever is fastest when the engine starts. */
  z.strictObject({ kind: z.literal('auto') }),
  z.strictObject({
    kind: z.literal('onnx'),
    provider: z.enum(['cpu', 'webgpu', 'cuda']).default('cpu').describe('What ONNX Runtime runs on.'),
  }),
  z.strictObject({
    kind: z.literal('tfjs'),
    backend: z
      .enum(['node-gpu', 'node', 'wasm'])
      .optional()
      .describe('What TensorFlow.js runs on; by default the first of these that is installed.'),
  }),
]);
export type RuntimeConfig = z.infer<typeof runtimeSchema>;

/** Every setting of Wardstream, with unit, default and meaning. */
export const configSchema = z.strictObject({
  roles: rolesSchema,
  bus: busSchema.describe('Where events come from. `memory` is within the process; `run` needs `kafka`.'),
  doors: doorsSchema,
  schemaRegistry: z
    .strictObject({
      url: secretSchema
        .pipe(z.url())
        .describe('Of a registry with the HTTP API of Confluent; it may hold user and password.'),
    })
    .optional()
    .describe('Where schemas of messages in Confluent framing are found.'),
  schemas: z
    .strictObject({
      directory: z
        .string()
        .min(1)
        .optional()
        .describe(
          'A folder of schema files (`.avsc`) that producers write single-object encoding with, besides the versions ours have had.',
        ),
    })
    .prefault({}),
  align: z
    .strictObject({
      reorderWindowMs: ms
        .default(250)
        .describe(
          'How long, in event time, events that are out of order are waited for. What comes later is used, as late.',
        )
        .meta({ reason: 'Every score of live data waits as long.' }),
      silentTopicMs: ms
        .default(10_000)
        .describe(
          "A topic for which brokers give no answer, while they give them for others, holds a partition's events back for so long; then they go on without it, and its own are late.",
        )
        .meta({ reason: 'Long enough for another broker to lead, short enough to be waited for.' }),
      behindAfterMs: ms
        .default(30_000)
        .describe(
          'A partition of which not all is read that is this old is told of: metric, log, readiness, and a technical notice.',
        ),
      maxWaiting: z
        .number()
        .int()
        .positive()
        .default(20_000)
        .describe(
          'Of a backlog: events of one topic and partition that may wait for slower topics before it is not read on.',
        ),
      minScoreIntervalMs: ms
        .default(10_000)
        .describe('Least event time between two scores of a patient that vitals alone cause.'),
      dedupeWindow: z
        .number()
        .int()
        .positive()
        .refine((n) => (n & (n - 1)) === 0, 'must be a power of two')
        .default(1024)
        .describe('Message ids remembered of a patient, by which repetitions are known; a power of two.'),
      feeds: feedsSchema,
    })
    .prefault({}),
  state: z
    .strictObject({
      checkpointIntervalMs: ms
        .default(10_000)
        .describe('On Kafka, how often the state of patients is written and offsets are committed.')
        .meta({ reason: 'What is read again after a crash is at most as much.' }),
      evictAfterMs: ms
        .default(6 * 60 * MINUTE_MS)
        .describe(
          'On Kafka, a patient of whom nothing has come for so long (event time) leaves memory; the page shows since when, and the next value brings them back. 0: never.',
        )
        .meta({ reason: 'Longer than any vital sign counts for a score (4 h), and shorter than a shift.' }),
    })
    .prefault({}),
  shutdown: z
    .strictObject({
      deadlineMs: ms
        .default(25_000)
        .describe(
          'Told to stop, a process finishes and commits what is under way; after so long it ends without.',
        )
        .meta({ reason: 'Shorter than the 30 s after which Kubernetes kills.' }),
    })
    .prefault({}),
  limits: z
    .strictObject({
      maxFutureSkewMs: ms
        .default(15 * MINUTE_MS)
        .describe('An event further ahead of the clock than this is set aside.'),
      maxMessageBytes: z
        .number()
        .int()
        .positive()
        .default(MIB)
        .describe('Bytes of a message that is neither note nor image; a larger one is set aside unread.')
        .meta({ reason: "Kafka's own default." }),
      maxNoteBytes: z.number().int().positive().default(MIB).describe('The same of a note.'),
      maxImageBytes: z
        .number()
        .int()
        .positive()
        .default(32 * MIB)
        .describe('The same of an image.')
        .meta({ reason: 'A chest radiograph of 2 × 2 thousand pixels at 16 bits has 8 MB.' }),
      deadLetters: z
        .strictObject({
          letters: z.number().int().positive().default(100).describe('Dead letters a second and process.'),
          rawBytes: z
            .number()
            .int()
            .positive()
            .default(MIB)
            .describe('Bytes a second and process of the messages kept with them.'),
        })
        .prefault({})
        .describe('How many dead letters are kept; of more only the number is.')
        .meta({
          reason:
            "A whole unit whose every message is wrong is told within a second, and a day of it takes less than the store takes of a day's values.",
        }),
    })
    .prefault({}),
  model: z
    .strictObject({
      version: z
        .string()
        .default('latest')
        .describe(
          'A folder of models/deterioration; or `latest`, the newest release that is not experimental.',
        ),
      shadow: z
        .string()
        .optional()
        .describe('A second model that scores the same stream without alerts, to be compared.'),
      directory: z
        .string()
        .optional()
        .describe('Where the model folders are; by default those that ship with the package.'),
      recalibration: z
        .string()
        .min(1)
        .optional()
        .describe(
          'A file that `wardstream recalibrate` wrote for this model: every score goes through it, and rules see what comes of it. `shadow` does not.',
        ),
      maxBatch: z
        .number()
        .int()
        .positive()
        .max(1024)
        .default(128)
        .describe('Rows of one inference batch at most.'),
      runtime: runtimeSchema
        .default({ kind: 'onnx', provider: 'cpu' })
        .describe(
          'What runs the model. Scores are equal to the bit on one machine and runtime, and to 1e-4 across them. `auto` takes the fastest at start.',
        )
        .meta({
          reason: 'ONNX Runtime on the cpu is there everywhere, fast, and equal to the bit in any batch.',
        }),
      threads: z
        .number()
        .int()
        .positive()
        .default(1)
        .describe('Threads ONNX Runtime may use within an operator.'),
    })
    .prefault({}),
  encoders: encodersSchema,
  store: storeSchema
    .default({ kind: 'none' })
    .describe('Where results are kept. `embedded` is chDB within the process, `server` a ClickHouse.'),
  metrics: metricsSchema,
  alerts: z
    .strictObject({
      placeUnknownAfterMs: ms
        .default(MINUTE_MS)
        .describe(
          'A patient whose ward no message has told for this long, in event time, gets a technical notice.',
        )
        .meta({
          reason:
            'Vital signs often come before the admission is entered, but not by more than a minute or so where the interface works.',
        }),
      state: stateAlarmsSchema,
      baselines: baselinesSchema,
      rules: z
        .array(ruleSchema)
        .superRefine((rules, context) => {
          for (const { rule, field, message } of faultsOf(rules))
            context.addIssue({ code: 'custom', path: [rule, field], message });
        })
        .default(DEFAULT_RULES)
        .describe('Rules that raise alerts. A list given here stands in place of the shipped rules.')
        .meta({
          reason:
            'Found by `wardstream tune`; docs/validation.md, section 8, has what they do on patients they were not tuned on.',
        }),
    })
    .prefault({}),
  server: serverConfigSchema.prefault({}),
});
export type Config = z.infer<typeof configSchema>;
export const DEFAULT_CONFIG: Config = configSchema.parse({});
export const DEFAULT_LIMITS = DEFAULT_CONFIG.limits;

/** Where nobody else is told: a line on stderr. */
const WARN = (message: string): void => {
  process.stderr.write(`wardstream: ${message}\n`);
};

/**
 * Checks settings given as data. One under an old name is accepted, and `onWarning` told the present one.
 * @throws WardstreamError `WS_CONFIG` naming each wrong setting.
 */
export function parseConfig(data: unknown, where = 'the configuration', onWarning = WARN): Config {
  const named = withPresentNames(data ?? {}, where, onWarning);
  return checked(configSchema, named, where);
}

/** Reads a YAML or JSON file of settings, as `parseConfig` does data. @throws WardstreamError `WS_CONFIG`. */
export function loadConfig(file: string, onWarning = WARN): Config {
  return parseConfig(readSettings(file, 'configuration'), file, onWarning);
}

/** The data of a YAML or JSON file, unchecked; `what` names the file's purpose. @throws WardstreamError `WS_CONFIG`. */
export function readSettings(file: string, what: string): unknown {
  if (!existsSync(file)) throw new WardstreamError('WS_CONFIG', `there is no ${what} file ${file}`);
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new WardstreamError('WS_CONFIG', `${file} is neither YAML nor JSON: ${String(error)}`, {
      cause: error,
    });
  }
}
