#!/usr/bin/env node
import { Command, Option } from 'commander';
import { log } from './app/log.js';
import {
  each,
  hoursSince,
  interrupted,
  portNumber,
  positiveInteger,
  positiveNumber,
  printResult,
  replayPace,
  replaySpeed,
  roles,
  share,
  wholeNumber,
} from './commands/cli.js';
import { MODEL_OUTPUTS } from './contract/outcomes.js';
import { WardstreamError } from './errors.js';

/** Exit codes: 0 done, 1 a fault (the message says which), 2 wrong use of the command line. */
const EXIT_FAULT = 1;
const EXIT_USAGE = 2;

/** Whether the command is one that runs until it is stopped. */
let isService = false;

const program = new Command('wardstream')
  .description('Streaming ICU monitoring: aligns, scores and alerts, live or on history.')
  .version('0.1.0')
  .showHelpAfterError()
  .addHelpText('after', '\nExit codes: 0 done, 1 a fault (said on stderr), 2 wrong usage.')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE));

program
  .command('start')
  .description('a simulated ward through the real pipeline, with its dashboard')
  .option('--beds <n>', 'beds of the ward', positiveInteger, 16)
  .option('--speed <speed>', 'a multiple of real time such as 60x', replaySpeed, 60)
  .option('--port <port>', 'port of dashboard and API, on 127.0.0.1', portNumber, 8080)
  .option('--seed <n>', 'another number, another ward', positiveInteger, 1)
  .action(async (options) => {
    isService = true;
    const { start } = await import('./commands/start.js');
    await start(options, interrupted());
  });

const FROM =
  'where the history is: physionet2012:DIR, physionet2019:DIR, yaib:DIR, meds:DIR, recording:FILE, kafka:[FROM..TO], simulate:beds=N,hours=N';
const MAPPING = 'codes and units over those of schemas/mapping.yaml (YAML)';

program
  .command('replay')
  .description('stream history through the pipeline and report what came of it')
  .requiredOption('--from <source>', FROM)
  .option('--mapping <file>', MAPPING)
  .option('--patients <n>', 'only the first n stays', positiveInteger)
  .option(
    '--speed <speed>',
    'max, real, a multiple of real time such as 60x, or step',
    replayPace,
    'max' as const,
  )
  .option('--workers <n>', 'threads, by patient; the digests are the same', positiveInteger)
  .option(
    '--scores <file>',
    'keep scored stays there: read instead of scoring again, gone on with after Ctrl-C',
  )
  .option('--model <version>', 'the model, a folder of models/deterioration')
  .option(
    '--policy <file>',
    'alert rules to try on the same scores (YAML); may be given more than once',
    each,
    [],
  )
  .option('--store <dir>', 'keep observations, scores and alerts in a chDB store there')
  .option('--stay <id>', 'only this stay, by its patient id; with --serve the address opens its page')
  .option('--serve <port>', 'watch it on the ward page: play, pause, speed, seek', portNumber)
  .option('--at <hours>', 'with --serve: begin at this hour, paused', hoursSince)
  .option('--config <file>', 'settings (YAML or JSON)')
  .option('--json', 'one JSON object as the last line of stdout', false)
  .action(async (options) => {
    isService = options.serve !== undefined;
    await (await import('./commands/replay.js')).replayCommand(options);
  });

program
  .command('record')
  .description('write a range of live topics, or any other source, to a recording')
  .requiredOption('--from <source>', FROM)
  .requiredOption('--out <file>', 'the recording; replay it with --from recording:FILE')
  .option('--mapping <file>', MAPPING)
  .option('--patients <n>', 'only the first n stays', positiveInteger)
  .option('--config <file>', 'settings (YAML or JSON), for kafka:')
  .option('--json', 'one JSON object as the last line of stdout', false)
  .action(async (options) => (await import('./commands/record.js')).recordCommand(options));

program
  .command('validate')
  .description('replay history and report what the model would have caught, how early and at how many alarms')
  .requiredOption('--from <source>', FROM)
  .option('--mapping <file>', MAPPING)
  .option('--outcomes <file>', 'who died; by default the Outcomes-x.txt that belongs to the folder set-x')
  .option('--patients <n>', 'only the first n stays', positiveInteger)
  .option('--report <file>', 'the report (HTML); the figures go beside it as JSON')
  .option(
    '--scores <file>',
    'keep scored stays there: read instead of scoring again, gone on with after Ctrl-C',
  )
  .option('--model <version>', 'the model to judge, a folder of models/deterioration')
  .option('--against <version>', 'another model on the same patients, compared pair by pair')
  .option(
    '--policy <file>',
    'alert rules to try on the same scores (YAML); may be given more than once',
    each,
    [],
  )
  .option(
    '--sensitivity <n>',
    'stays scored again with data late, missing and lost; 0: none',
    wholeNumber,
    1000,
  )
  .option('--workers <n>', 'threads that score; by default one a core', positiveInteger)
  .option('--seed <n>', 'seed of the bootstrap', positiveInteger, 1)
  .option('--resamples <n>', 'bootstrap resamples', positiveInteger, 1000)
  .option('--config <file>', 'settings (YAML or JSON)')
  .option('--json', 'one JSON object as the last line of stdout', false)
  .action(async (options) => (await import('./commands/validate.js')).validateCommand(options));

program
  .command('probe')
  .description(
    'make single signs of stable stays bad, and send false ones: what alarms, and does each risk see it',
  )
  .requiredOption('--from <source>', FROM)
  .option('--mapping <file>', MAPPING)
  .option('--stays <n>', 'stable stays to take, the first of the source', positiveInteger, 40)
  .option('--model <version>', 'the model to probe, a folder of models/deterioration')
  .option('--report <file>', 'the report (HTML); the figures go beside it as JSON')
  .option(
    '--into <file>',
    'write the tables between the marks <!-- probe --> and <!-- /probe --> of a Markdown file; may be given more than once',
    each,
    [],
  )
  .option('--workers <n>', 'threads; by default one a core', positiveInteger)
  .option('--config <file>', 'settings (YAML or JSON)')
  .option('--json', 'one JSON object as the last line of stdout', false)
  .action(async (options) => (await import('./commands/probe.js')).probeCommand(options));

program
  .command('tune')
  .description('search the alert rules that catch most within a budget of alerts, on half of the patients')
  .requiredOption('--from <source>', FROM)
  .requiredOption('--budget <n>', 'alerts a bed-day at most', positiveNumber)
  .option('--precision <share>', 'alerts that are true, of all, at least; 0 to 1', share, 0)
  .requiredOption('--out <file>', 'the rules found (YAML): settings, or a file for --policy')
  .addOption(
    new Option('--events <name>', 'what alerts should foretell')
      .choices(['deterioration', 'hypotension', 'circulatoryFailure', 'respiratoryFailure'])
      .default('deterioration'),
  )
  .option('--report <file>', 'a report (HTML) with recall against burden; the figures go beside it as JSON')
  .option('--mapping <file>', MAPPING)
  .option('--patients <n>', 'only the first n stays', positiveInteger)
  .option(
    '--scores <file>',
    'keep scored stays there: read instead of scoring again, gone on with after Ctrl-C',
  )
  .option('--model <version>', 'the model, a folder of models/deterioration')
  .option('--policy <file>', 'other alert rules to report on (YAML); may be given more than once', each, [])
  .option('--workers <n>', 'threads that score; by default one a core', positiveInteger)
  .option('--seed <n>', 'seed of the halves, the search and the bootstrap', positiveInteger, 1)
  .option('--resamples <n>', 'bootstrap resamples', positiveInteger, 1000)
  .option('--config <file>', 'settings (YAML or JSON)')
  .option('--json', 'one JSON object as the last line of stdout', false)
  .action(async (options) => (await import('./commands/tune.js')).tuneCommand(options));

program
  .command('recalibrate')
  .description("make the model's probabilities those of a site: a small file that model.recalibration names")
  .requiredOption('--from <source...>', FROM)
  .requiredOption('--out <dir>', 'folder for recalibration.json')
  .addOption(
    new Option('--form <name>', 'a line on the logits, or a rising curve, which needs more patients')
      .choices(['logistic', 'isotonic'])
      .default('logistic'),
  )
  .addOption(
    new Option('--output <name...>', 'what to recalibrate; by default all that the history can tell')
      .choices(MODEL_OUTPUTS)
      .default([]),
  )
  .option('--name <name>', 'of the cohort; by default what the places of the sources end in')
  .option('--outcomes <file>', 'who died, for all sources; by default what belongs to each')
  .option('--mapping <file>', MAPPING)
  .option('--patients <n>', 'only the first n stays of each source', positiveInteger)
  .option(
    '--scores <file>',
    'keep scored stays there: read instead of scoring again, gone on with after Ctrl-C',
  )
  .option('--model <version>', 'the model, a folder of models/deterioration')
  .option('--workers <n>', 'threads that score; by default one a core', positiveInteger)
  .option('--seed <n>', 'seed of the halves and the bootstrap', positiveInteger, 1)
  .option('--resamples <n>', 'bootstrap resamples', positiveInteger, 200)
  .option('--config <file>', 'settings (YAML or JSON)')
  .option('--json', 'one JSON object as the last line of stdout', false)
  .action(async (options) => (await import('./commands/recalibrate.js')).recalibrateCommand(options));

program
  .command('features')
  .description(
    'write the training input that the serving code computes from history, of several sources as one cohort',
  )
  .requiredOption('--from <source...>', FROM)
  .option('--mapping <file>', MAPPING)
  .requiredOption('--out <dir>', 'folder for rows.f32 and rows.json')
  .option('--patients <n>', 'only the first n stays', positiveInteger)
  .option('--moments <share>', 'share of the moments at which values arrive that are rows', share, 0)
  .option('--links <file>', 'stays that are the same, two columns separated by a comma')
  .option('--json', 'one JSON object as the last line of stdout', false)
  .action(async (options) => {
    const { features } = await import('./commands/features.js');
    printResult(await features(options), options.json);
  });

program
  .command('run')
  .description('live: read the configured topics, score, alert, store and serve, until stopped')
  .requiredOption('--config <file>', 'settings (YAML or JSON), with bus.kind kafka or embedded, and a store')
  .option(
    '--roles <roles>',
    'only these of ingest, engine, gateway, writer, notifier, with commas between',
    roles,
  )
  .action(async (options) => {
    isService = true;
    const { run } = await import('./commands/run.js');
    await run(options, interrupted());
  });

program
  .command('simulate')
  .description('write a simulated ward to a recording, or send it to Kafka or a door as fast as it is taken')
  .option('--beds <n>', 'beds of the ward', positiveInteger, 16)
  .option('--hours <n>', 'hours to simulate', positiveInteger, 24)
  .option('--seed <n>', 'another number, another ward', positiveInteger, 1)
  .option('--interval <seconds>', 'between two sets of vital signs', positiveInteger, 60)
  .option('--ward <id>', 'name of the ward', 'ICU')
  .option('--out <file>', 'recording to write; replay it with --from recording:FILE')
  .option('--psv <dir>', 'instead: --beds stays as .psv files of the PhysioNet Challenge 2019')
  .option(
    '--to <bus>',
    'kafka: produce to the Kafka of --config; mllp://HOST:PORT: send HL7 v2 to a door; dicom://HOST:PORT: pictures',
  )
  .option('--config <file>', 'settings (YAML or JSON), for --to kafka')
  .option('--json', 'one JSON object as the last line of stdout', false)
  .action(async (options) => (await import('./commands/simulate.js')).simulate(options));

const doors = program
  .command('doors')
  .description('the ways by which monitors, laboratory and admissions come in');
doors
  .command('try')
  .argument('<message...>', 'files of messages: HL7 v2, FHIR R4 as JSON (--from fhir), or DICOM')
  .description('show what would come of messages, how each would be answered, and which codes are not known')
  .option('--from <kind>', 'kind of the messages: hl7, fhir; DICOM is known by itself', 'hl7')
  .option('--sender <file>', "the sender's file (YAML or JSON): codes, units, times, quirks")
  .option('--json', 'one JSON object as the last line of stdout', false)
  .action(async (files, options) => (await import('./commands/doors.js')).tryMessages(files, options));

const topics = program.command('topics').description('the Kafka topics Wardstream needs');
for (const name of ['create', 'list'] as const) {
  const what = { create: 'make those that are missing; refuse those that differ', list: 'what is there' }[
    name
  ];
  topics
    .command(name)
    .description(what)
    .requiredOption('--config <file>', 'settings (YAML or JSON), with bus.kind kafka')
    .option('--json', 'one JSON object as the last line of stdout', false)
    .action(async (options) => (await import('./commands/topics.js')).topics(name, options));
}

const models = program.command('models').description('the models there are');
const MODELS_CONFIG = 'settings (YAML or JSON), for model.version and model.directory';
models
  .command('list')
  .description('name the model folders and what each predicts')
  .option('--config <file>', MODELS_CONFIG)
  .option('--json', 'one JSON object as the last line of stdout', false)
  .action(async (options) => (await import('./commands/models.js')).listCommand(options));
models
  .command('show')
  .argument('[version]', 'by default the one that is served')
  .description('what a model takes and gives, and its card')
  .option('--config <file>', MODELS_CONFIG)
  .option('--json', 'one JSON object as the last line of stdout', false)
  .action(async (version, options) => (await import('./commands/models.js')).showCommand(version, options));
models
  .command('check')
  .argument('[version]', 'by default the one that is served')
  .description('verify hashes and shapes, and the golden outputs on every runtime that can be used here')
  .option('--config <file>', MODELS_CONFIG)
  .option('--json', 'one JSON object as the last line of stdout', false)
  .action(async (version, options) => (await import('./commands/models.js')).checkCommand(version, options));

program
  .command('token')
  .description('a token of the configured shared secret, for a person or a program')
  .requiredOption('--config <file>', 'settings (YAML or JSON), with server.auth.kind secret')
  .requiredOption('--subject <name>', 'who it is for: the name in alerts and in the audit trail')
  .option('--role <role>', 'viewer, clinician, admin, service or sender', 'viewer')
  .option('--wards <ids>', 'ward ids with commas between, or *', '*')
  .option('--hours <n>', 'how long it is good', positiveInteger, 12)
  .action(async (options) => (await import('./commands/token.js')).token(options));

program
  .command('doctor')
  .description('say what is here, what is missing, and what to do about it')
  .option('--config <file>', 'settings (YAML or JSON) to check too')
  .option('--json', 'one JSON object as the last line of stdout', false)
  .action(async (options) => (await import('./commands/doctor.js')).doctor(options));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof WardstreamError) process.stderr.write(`wardstream: ${error.message}\n`);
  else log.error(error);
  process.exitCode = error instanceof WardstreamError && error.code === 'WS_USAGE' ? EXIT_USAGE : EXIT_FAULT;
}
// Nothing that could not be closed, a socket or a timer, keeps a process that is done. Others end by themselves, once their output is read.
if (isService || process.exitCode !== undefined) process.exit();
