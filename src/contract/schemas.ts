import { z } from 'zod';
import { GRADES } from '../clinical/state.js';
import { IdFault, MAX_ID_LENGTH, readId } from './ids.js';
import { ROLES } from './roles.js';

/**
 * The shapes of the HTTP API and of the push protocol, version 1: the one definition. The types in `protocol.ts`, the
 * checks of what comes in, and the OpenAPI and AsyncAPI documents are made from it. Times are milliseconds since the
 * epoch, UTC, of event time; probabilities are 0 to 1; values are in the variable's canonical unit.
 */

const time = z.number().describe('Milliseconds since the epoch, UTC, event time.');
const probability = z.number().min(0).max(1);
/** Ids come from hospitals' systems: any text that is an id on Kafka, and the same one as there. */
export const idSchema = z
  .string()
  .min(1)
  .max(MAX_ID_LENGTH)
  .overwrite((text) => {
    const id = readId(text);
    return id instanceof IdFault ? text : id;
  })
  .refine((text) => !(readId(text) instanceof IdFault), 'is no id: see the data contract');

export const prioritySchema = z.enum(['LOW', 'MEDIUM', 'HIGH']);
export const alertStateSchema = z.enum(['RAISED', 'ACKNOWLEDGED', 'SNOOZED', 'ESCALATED', 'RESOLVED']);
export const alertClassSchema = z.enum(['clinical', 'technical']);

export const valueSchema = z
  .object({ value: z.number(), unit: z.string(), at: time.describe('When it was observed.') })
  .meta({ id: 'Value', description: 'The last known value of a variable.' });

const verdictFields = {
  verdict: z
    .enum(['doubted', 'artefact'])
    .describe('artefact: it is none of the patient. doubted: it may be.'),
  reason: z.string().describe('Stable id; docs/trust.md has them all.'),
};
export const doubtSchema = z
  .object({
    value: z.number(),
    unit: z.string(),
    at: time.describe('When it was observed.'),
    ...verdictFields,
    words: z.string().describe('The reason in words.'),
  })
  .meta({
    id: 'Doubt',
    description: 'A value that is not used: no score, no state and no alert rests on it.',
  });
export const markedValueSchema = z
  .object({ variable: z.string(), at: time, value: z.number(), ...verdictFields })
  .meta({
    id: 'MarkedValue',
    description: 'A value of a course that is not used; at the time it became known.',
  });
const points = z.number().int().nullable();
export const sofaSchema = z
  .object({
    total: points.describe('0 to 24 over the parts known, so a lower bound; null: none is.'),
    respiration: points,
    coagulation: points,
    liver: points,
    cardiovascular: points,
    nervous: points,
    renal: points,
  })
  .meta({ id: 'Sofa', description: 'SOFA of the last known values, part by part; null: not known.' });

export const stateSchema = z
  .object({
    criterion: z.string().describe('See docs/alarms.md.'),
    label: z.string().describe('In words for a clinician.'),
    grade: z.enum(GRADES).describe('critical: somebody has to come now; failing: an organ fails.'),
    sign: z.string().describe('What the criterion is about, e.g. map.'),
    value: z.number().describe('Of the sign, the newest.'),
    unit: z.string(),
    since: time.describe('When the first value that meets the criterion was observed.'),
    at: time.describe('When `value` was observed.'),
    variable: z.string().describe('The variable that says so.'),
  })
  .meta({ id: 'State', description: 'What the patient is in now, by a published criterion; no model.' });

export const patientSchema = z
  .object({
    patientId: z.string(),
    stayId: z.string(),
    wardId: z.string().nullable(),
    bedId: z.string().nullable(),
    placeUnknown: z.boolean().describe('No message has told the ward: the patient is shown to every ward.'),
    admittedAt: time,
    lastEventAt: time,
    ageYears: z.number().nullable(),
    sex: z.string().nullable(),
    risk: probability.nullable().describe('Of death in hospital; null until the first score.'),
    circulatory: probability
      .nullable()
      .describe('Of onset of circulatory failure within 8 h; null: not predicted.'),
    respiratory: probability
      .nullable()
      .describe('Of onset of respiratory failure within 8 h; null: not predicted.'),
    deterioration: probability.nullable().describe('Of either within 8 h; null: not predicted.'),
    riskAt: time.nullable(),
    riskTrend: z.number().describe('Risk now minus risk about an hour earlier.'),
    riskHistory: z.array(z.tuple([time, probability])).describe('[time, risk], oldest first, at most 60.'),
    news2: z.number().int().nullable(),
    news2Missing: z.array(z.string()).readonly(),
    qsofa: z.number().int().nullable(),
    sofa: sofaSchema.nullable(),
    states: z.array(stateSchema).readonly().describe('Those that are there now.'),
    values: z.record(z.string(), valueSchema),
    doubted: z
      .record(z.string(), doubtSchema)
      .exactOptional()
      .describe(
        'By variable, what is not used now; `values` then has the last value that was. Absent where all is used.',
      ),
    stale: z
      .boolean()
      .describe(
        'Nothing has arrived for 15 minutes: of the stream’s clock or, where it is live, of the day.',
      ),
    restored: z
      .boolean()
      .exactOptional()
      .describe('As of `lastEventAt`, from before the server had this patient; nothing was scored since.'),
  })
  .meta({ id: 'Patient', description: 'What is known of a patient now.' });

export const evidenceSchema = z
  .object({
    variable: z.string(),
    value: z.number(),
    unit: z.string(),
    ageMs: z.number(),
    effect: z
      .number()
      .nullable()
      .exactOptional()
      .describe(
        'How much lower the rule’s signal would be without it, as a probability; older alerts lack it.',
      ),
  })
  .meta({ id: 'Evidence', description: 'A value an alert rests on, with its age.' });

export const alertSchema = z
  .object({
    alertId: z.string(),
    class: alertClassSchema.describe(
      'clinical: about the patient. technical: about what watches the patient, such as a feed or the store.',
    ),
    sequence: z.number().int().describe('0 for the first record of an alert, then one more each.'),
    patientId: z.string().describe('Empty: a technical notice about no one patient.'),
    stayId: z.string(),
    wardId: z.string().nullable().describe('Where the patient is, as of this record; null: not known.'),
    bedId: z.string().nullable(),
    rule: z
      .string()
      .describe('The rule that raised it, or the criterion of a state; of a technical notice, its kind.'),
    priority: prioritySchema,
    state: alertStateSchema,
    onsetTime: time,
    eventTime: time,
    signal: z
      .string()
      .nullable()
      .describe(
        'What `value` is of: a signal, e.g. risk or news2, or a sign of the state, e.g. map. Null: a technical notice, or a record of an earlier version.',
      ),
    label: z.string().nullable().describe('What is alarmed, in words for a clinician. Null: as `signal`.'),
    unit: z
      .string()
      .nullable()
      .describe('UCUM unit of `value` and `threshold`; 1 is a probability. Null: as `signal`.'),
    value: z.number().nullable().describe('Null: a technical notice.'),
    threshold: z.number().nullable().describe('Null: a technical notice.'),
    risk: probability.nullable().describe('Null: a technical notice, or an alert of a state.'),
    trend: z.number(),
    news2: z.number().int().nullable(),
    modelVersion: z.string().describe('Empty where no model has a part in it.'),
    contributions: z
      .object({
        base: probability.describe('Risk of a patient of whom nothing is known.'),
        structured: z.number(),
        text: z.number().nullable(),
        image: z.number().nullable(),
      })
      .nullable()
      .exactOptional()
      .describe('What each modality adds to the risk, as a probability; null where there is none.'),
    evidence: z.array(evidenceSchema),
    actor: z
      .string()
      .nullable()
      .describe('Who acted, as their token names them; null for the engine itself.'),
    reason: z.string().nullable(),
    detail: z.string().nullable().describe('Of a technical notice: what is wrong, where, and what to do.'),
    raisedWardId: z.string().nullable().describe('Ward where it was raised; null: not known then.'),
    raisedBedId: z.string().nullable().describe('Bed where it was raised; null: not known then.'),
    leftWardId: z
      .string()
      .nullable()
      .describe(
        'On the record of a move: the ward the patient left, empty where it was not known. Else null.',
      ),
  })
  .meta({ id: 'Alert', description: 'One record of an alert: what it became at `eventTime`, and why.' });

// HTTP ----------------------------------------------------------------------------------------------------------------

export const problemSchema = z
  .object({ type: z.string(), status: z.number().int(), title: z.string(), detail: z.string() })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details.' });

export const sessionSchema = z
  .object({
    subject: z.string(),
    role: z.enum(ROLES),
    wards: z.array(z.string()).describe('`*` is every ward.'),
    expiresAt: z.number().nullable().describe('Milliseconds since the epoch, UTC, time of day.'),
  })
  .meta({ id: 'Session', description: 'Who the token speaks for.' });

export const catchingUpSchema = z
  .object({
    partitions: z.number().int().describe('Parts of the stream that are restored and read to their end…'),
    of: z.number().int().describe('…of those that are this server’s; 0: it has not been given any yet.'),
  })
  .meta({
    id: 'CatchingUp',
    description: 'The server has begun, or taken over patients: what it knows is not all there is yet.',
  });
const catchingUp = catchingUpSchema
  .nullable()
  .exactOptional()
  .describe('Null: what the server knows is the present.');
const timeOfDay = z
  .number()
  .exactOptional()
  .describe('The server’s time, where the stream is live: for what `clock` is behind it, nothing has come.');

export const patientsSchema = z.object({ clock: time, catchingUp, patients: z.array(patientSchema) });
export const patientDetailSchema = z.object({
  clock: time,
  patient: patientSchema,
  alerts: z.array(alertSchema).describe('Those that are not resolved.'),
});

export const timelineQuerySchema = z.object({
  hours: z.coerce.number().min(1).max(48).default(24),
  until: z.coerce
    .number()
    .int()
    .optional()
    .describe('End of the window; by default now, on the stream’s clock.'),
  points: z.coerce.number().int().min(10).max(5000).default(1000).describe('At most so many a variable.'),
});

export const seriesSchema = z
  .object({
    label: z.string(),
    unit: z.string(),
    kind: z.enum(['vital', 'lab']),
    decimals: z.number().int().describe('Decimals shown.'),
    times: z.array(time),
    values: z.array(z.number()).describe('At `times`; means where `low` and `high` are given.'),
    low: z.array(z.number()).optional().describe('Where values are thinned: the lowest each stands for.'),
    high: z.array(z.number()).optional(),
  })
  .meta({ id: 'Series', description: 'The values of one variable.' });

export const noteMarkSchema = z.object({
  noteId: z.string(),
  eventTime: time,
  noteType: z.string(),
  authorRole: z.string(),
});
export const noteSchema = noteMarkSchema
  .extend({
    language: z.string(),
    source: z.string(),
    text: z.string().describe('Plain text, never markup.'),
  })
  .meta({ id: 'Note', description: 'A clinical note.' });

export const findingSchema = z
  .object({
    label: z.string().describe('What the encoder looks for, e.g. pneumonia.'),
    probability,
    encoder: z.string().describe('Name and version of the encoder.'),
  })
  .meta({ id: 'Finding', description: 'What the image encoder says of an image.' });
export const imageSchema = z
  .object({
    imageId: z.string(),
    eventTime: time,
    observedAt: time,
    modality: z.string(),
    bodySite: z.string(),
    mediaType: z.string(),
    hasBytes: z.boolean().describe('False: the image is held elsewhere, at `uri`.'),
    uri: z.string().nullable(),
    finding: findingSchema.nullable().describe('Null where no encoder has looked at it.'),
    problem: z.string().nullable().describe('Why no encoder could use it; null where nothing was wrong.'),
  })
  .meta({ id: 'Image', description: 'An imaging event, without its bytes.' });

export const timelineSchema = z
  .object({
    patientId: z.string(),
    clock: time,
    from: time,
    to: time,
    source: z
      .enum(['store', 'live'])
      .describe('live: the store is away; values before the last minutes are hourly.'),
    variables: z.record(z.string(), seriesSchema).describe('Values that are used.'),
    doubted: z
      .array(markedValueSchema)
      .exactOptional()
      .describe(
        'Values that are not used, oldest first, the newest 2000 at most. Absent where there are none.',
      ),
    scores: z.object({
      times: z.array(time),
      risk: z.array(probability),
      circulatory: z.array(probability.nullable()),
      respiratory: z.array(probability.nullable()),
      deterioration: z.array(probability.nullable()),
      news2: z.array(z.number().int().nullable()),
      qsofa: z.array(z.number().int().nullable()),
      sofa: z.array(z.number().int().nullable()).describe('Totals.'),
    }),
    notes: z.array(noteMarkSchema),
    images: z.array(imageSchema),
    alerts: z.array(alertSchema).describe('Every record in the window, oldest first.'),
  })
  .meta({ id: 'Timeline', description: 'The course of a patient over a window of time.' });

const limit = z.coerce.number().int().min(1);
export const notesQuerySchema = z.object({ limit: limit.max(500).default(100) });
export const notesSchema = z.object({
  patientId: z.string(),
  notes: z.array(noteSchema).describe('Newest first.'),
});
export const imagesSchema = z.object({
  patientId: z.string(),
  images: z.array(imageSchema).describe('Newest first.'),
});

export const explanationSchema = z
  .object({
    patientId: z.string(),
    eventTime: time.describe('Of the score explained.'),
    modelVersion: z.string(),
    output: z.string().describe('The model output explained, e.g. mortality.'),
    risk: probability,
    modalities: z.array(
      z.object({
        modality: z.enum(['structured', 'text', 'image']),
        contribution: z.number().describe('Change of the log-odds that the modality makes.'),
        eventTime: time.nullable().describe('Newest input of it; null where there is none.'),
      }),
    ),
    variables: z
      .array(
        z.object({
          variable: z.string(),
          label: z.string(),
          value: z.number().nullable(),
          unit: z.string(),
          at: time.nullable(),
          contribution: z.number().describe('Change of the log-odds; above 0 raises the risk.'),
          direction: z.enum(['raises', 'lowers']),
        }),
      )
      .describe('The leading ones, largest effect first.'),
    method: z.string().describe('How contributions were computed.'),
  })
  .meta({ id: 'Explanation', description: 'Why a score is what it is.' });

export const alertsQuerySchema = z.object({
  ward: idSchema.optional(),
  patientId: idSchema.optional(),
  state: alertStateSchema.optional(),
  class: alertClassSchema.optional().describe('Only clinical alerts, or only technical notices.'),
  priority: prioritySchema.optional(),
  from: z.coerce.number().int().optional().describe('Raised at or after.'),
  to: z.coerce.number().int().optional().describe('Raised before.'),
  open: z.stringbool().optional().describe('true: only those that are not resolved.'),
  limit: limit.max(1000).default(200),
  after: z.string().max(500).optional().describe('`next` of the page before.'),
});
export const alertsSchema = z.object({
  alerts: z.array(alertSchema).describe('The newest record of each alert, latest raised first.'),
  next: z.string().nullable().describe('`after` of the next page; null at the end.'),
});
export const alertEventsSchema = z.object({
  alertId: z.string(),
  events: z.array(alertSchema).describe('Every record of the alert, oldest first.'),
});

const MAX_SNOOZE_MINUTES = 24 * 60;
const text = z.string().trim().min(1).max(2000);
const requestId = z
  .string()
  .min(1)
  .max(100)
  .optional()
  .describe('Chosen by the client: the same action sent again with the same id has no further effect.');
export const actionSchema = z
  .discriminatedUnion('action', [
    z.strictObject({ action: z.literal('ACKNOWLEDGE'), reason: text.optional(), requestId }),
    z.strictObject({
      action: z.literal('SNOOZE'),
      minutes: z.number().int().min(1).max(MAX_SNOOZE_MINUTES),
      reason: text,
      requestId,
    }),
    z.strictObject({ action: z.literal('ESCALATE'), reason: text.optional(), requestId }),
    z.strictObject({ action: z.literal('COMMENT'), reason: text.describe('The comment.'), requestId }),
  ])
  .meta({ id: 'AlertActionRequest', description: 'What a person does with an alert.' });
export const acceptedSchema = z.object({
  messageId: z
    .string()
    .describe('Of the acknowledgement on ward.acks; the alert’s next record follows by push.'),
});

export const scoresQuerySchema = z.object({
  patientId: idSchema,
  from: z.coerce.number().int().optional(),
  to: z.coerce.number().int().optional(),
  limit: limit.max(5000).default(200),
});
export const scoreSchema = z
  .object({
    eventTime: time,
    modelVersion: z.string(),
    risk: probability,
    circulatory: probability.nullable(),
    respiratory: probability.nullable(),
    deterioration: probability.nullable(),
    news2: z.number().int().nullable(),
    qsofa: z.number().int().nullable(),
    sofa: sofaSchema,
    states: z
      .array(stateSchema.pick({ criterion: true, value: true, since: true, variable: true }))
      .describe('Those that were there.'),
  })
  .meta({ id: 'Score', description: 'One evaluation of the model.' });
export const scoresSchema = z.object({
  patientId: z.string(),
  scores: z.array(scoreSchema).describe('The newest `limit` of the window, oldest first.'),
});

export const exportQuerySchema = z.object({
  format: z.enum(['csv', 'arrow', 'parquet']).default('csv'),
  ward: idSchema.optional(),
  patientId: idSchema.optional(),
  from: z.coerce.number().int().optional(),
  to: z.coerce.number().int().optional(),
});

export const fhirSearchSchema = z.object({
  status: z.enum(['active', 'inactive']).optional(),
  patient: idSchema.optional(),
  subject: idSchema.optional(),
  _count: limit.max(1000).default(100),
  _page: z.string().max(500).optional(),
});

export const auditQuerySchema = z.object({
  patientId: idSchema.optional().describe('Who saw this patient, alone or among others.'),
  actor: idSchema.optional(),
  action: idSchema.optional(),
  from: z.coerce.number().int().optional().describe('Milliseconds since the epoch, UTC, time of day.'),
  to: z.coerce.number().int().optional(),
  limit: limit.max(5000).default(200),
});
export const auditSchema = z.object({
  entries: z.array(
    z
      .object({
        auditId: z.string(),
        at: z.number().describe('Milliseconds since the epoch, UTC, time of day.'),
        actor: z.string(),
        role: z.string(),
        action: z.string(),
        patientId: z
          .string()
          .describe('Of a patient who is known here; empty where it is about no one patient.'),
        patients: z.array(z.string()).describe('Everybody whom an answer about several patients named.'),
        wardId: z.string(),
        target: z.string(),
        outcome: z.string().describe('allowed, refused or failed.'),
        source: z.string().describe('Network address.'),
        detail: z.string().describe('What was asked for, as it was asked.'),
      })
      .meta({ id: 'AuditEntry', description: 'Someone looked at or did something.' }),
  ),
});

export const modelsSchema = z.object({
  models: z.array(
    z.object({
      version: z.string(),
      isServing: z.boolean(),
      stepMs: z.number().int(),
      steps: z.number().int(),
      features: z.number().int(),
      sha256: z.string(),
      card: z.string().nullable().describe('The model’s card, Markdown.'),
    }),
  ),
});

export const replayEventSchema = z
  .object({
    patientId: z.string(),
    wardId: z.string().nullable(),
    kind: z.string().describe('What truly happened, e.g. circulatory-failure, death.'),
    time,
    label: z.string(),
  })
  .meta({ id: 'ReplayEvent', description: 'Something that truly happened in the history replayed.' });
export const replayStateSchema = z
  .object({
    isPlaying: z.boolean(),
    speed: z.number().positive().nullable().describe('Event time per real time; null: as fast as it goes.'),
    time: time.describe('Where the replay is.'),
    from: time.describe('First event time of the history.'),
    to: time.nullable().describe('Last event time; null where it is not known.'),
    isAtEnd: z.boolean(),
    events: z.array(replayEventSchema).readonly(),
  })
  .meta({ id: 'ReplayState', description: 'Where a replay is and how it goes on.' });
export const replayCommandSchema = z
  .discriminatedUnion('command', [
    z.strictObject({ command: z.literal('play') }),
    z.strictObject({ command: z.literal('pause') }),
    z.strictObject({ command: z.literal('speed'), speed: z.number().positive().max(100_000).nullable() }),
    z.strictObject({ command: z.literal('seek'), time }),
  ])
  .meta({ id: 'ReplayCommand' });

// Push ----------------------------------------------------------------------------------------------------------------

export const cursorSchema = z
  .string()
  .max(100)
  .describe('A place in the order of all alert records. Opaque: keep the newest, give it back to resume.');

export const departureReasonSchema = z
  .enum(['discharged', 'moved', 'elsewhere'])
  .describe(
    'discharged: the stay is over; moved: to a ward that is not subscribed; elsewhere: another server has the patient now.',
  );

export const subscribeSchema = z
  .strictObject({
    type: z.literal('subscribe'),
    wards: z.array(idSchema).max(500).optional().describe('`*` is every ward the token allows.'),
    patients: z.array(idSchema).max(500).optional().describe('Single patients, besides those of `wards`.'),
    priorities: z.array(prioritySchema).max(3).optional().describe('Only alerts of these; by default all.'),
    values: z.boolean().optional().describe('false: alerts only, no patients. By default true.'),
    resumeFrom: cursorSchema.optional().describe('Left out the first time.'),
  })
  .meta({
    id: 'Subscribe',
    description: 'What the client wants to see. Sent again, it replaces what was before.',
  });

export const clientFrameSchema = z.discriminatedUnion('type', [
  subscribeSchema,
  z
    .strictObject({ type: z.literal('authenticate'), token: z.string().max(8192) })
    .meta({ id: 'Authenticate', description: 'A new token of the same subject, before the old one ends.' }),
]);

export const serverFrameSchema = z.discriminatedUnion('type', [
  z
    .object({
      type: z.literal('hello'),
      version: z.literal(1),
      server: z.literal('wardstream'),
      modelVersion: z.string(),
      notice: z.string(),
      heartbeatMs: z.number().int().describe('A heartbeat comes at least this often.'),
      user: sessionSchema,
    })
    .meta({ id: 'Hello', description: 'The first frame.' }),
  z
    .object({
      type: z.literal('resumed'),
      from: cursorSchema,
      complete: z
        .boolean()
        .describe('false: the cursor is not known (any more); read GET /api/v1/alerts for what was missed.'),
      missed: z
        .number()
        .int()
        .describe('Frames of type alert and withdrawn that follow before the snapshot.'),
    })
    .meta({ id: 'Resumed', description: 'The answer to `resumeFrom`.' }),
  z
    .object({
      type: z.literal('snapshot'),
      cursor: cursorSchema,
      clock: time,
      now: timeOfDay,
      catchingUp,
      patients: z.array(patientSchema),
      alerts: z.array(alertSchema).describe('Those that are not resolved.'),
    })
    .meta({ id: 'Snapshot', description: 'All there is now; what follows are changes to it.' }),
  z
    .object({ type: z.literal('patients'), clock: time, patients: z.array(patientSchema) })
    .meta({ id: 'Patients', description: 'Patients that changed, newest state only.' }),
  z
    .object({
      type: z.literal('discharged'),
      patientId: z.string(),
      reason: departureReasonSchema.exactOptional(),
    })
    .meta({ id: 'Discharged', description: 'A patient left the wards subscribed; `reason` says how.' }),
  z
    .object({ type: z.literal('alert'), cursor: cursorSchema, alert: alertSchema })
    .meta({ id: 'AlertFrame', description: 'The next record of an alert. Never dropped.' }),
  z
    .object({
      type: z.literal('withdrawn'),
      cursor: cursorSchema,
      alertId: z.string(),
      patientId: z.string(),
    })
    .meta({
      id: 'Withdrawn',
      description:
        'An alert left the wards subscribed with its patient: it goes on elsewhere. Never dropped.',
    }),
  z
    .object({
      type: z.literal('heartbeat'),
      clock: time,
      now: timeOfDay,
      catchingUp,
      cursor: cursorSchema.optional(),
    })
    .meta({
      id: 'Heartbeat',
      description: 'The connection lives. With a cursor: nothing before it was missed.',
    }),
  z
    .object({ type: z.literal('replay'), state: replayStateSchema })
    .meta({ id: 'ReplayFrame', description: 'Where the replay is; only on a server that replays.' }),
]);
