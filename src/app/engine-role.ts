import { TOPICS } from '../contract/topics.js';
import { Answers } from '../engine/answers.js';
import { BusSink, OUTPUT_TOPICS } from '../engine/bus-sink.js';
import { Engine } from '../engine/engine.js';
import { Epochs } from '../engine/epochs.js';
import { Heartbeat } from '../engine/heartbeat.js';
import type { Sink } from '../engine/outputs.js';
import { readPatients } from '../engine/patients-log.js';
import { PatientsSink } from '../engine/patients-sink.js';
import { MessageCodec } from '../events/codec.js';
import { log } from './log.js';
import type { Ports } from './ports.js';

/** Opens the role `engine`, which does not read yet; `view` takes results within the process, null where none does. */
export async function openEngine(ports: Ports, view: Sink | null): Promise<Engine> {
  const { config, life, instance, model, bus, clock, notices, observer } = ports;
  // Who watches the ward is told first.
  const sinks: [string, Sink][] = view === null ? [] : [['view', view]];
  const onTrouble = (message: string) => log.error(message);
  const codec = new MessageCodec();
  await bus.createTopics([...OUTPUT_TOPICS, TOPICS.patients]);
  const options = { notices, onTrouble, isLive: clock.live };
  sinks.push(['bus', new BusSink(bus, codec, model.version, options)]);
  // What is in memory is read by nobody else.
  const { state } = bus;
  const epochs = state === null ? null : new Epochs(state, () => engine.presence.confirm());
  const logged = (partition: number) => readPatients(bus, partition);
  const patients =
    epochs === null ? null : new PatientsSink(bus, codec, { engine: instance, epochs, logged, onTrouble });
  if (patients !== null) sinks.push(['patients', patients]);
  const engine: Engine = await Engine.open({
    config,
    bus,
    clock,
    sinks: observer.around(sinks),
    notices,
    onWarning: (message) => log.warn(message),
  });
  life.parts.keep(engine);
  if (epochs !== null && patients !== null) {
    await bus.createTopics([TOPICS.requests, TOPICS.answers, TOPICS.engines]);
    life.parts.keep(
      new Heartbeat({ bus, codec, clock, name: instance, engine, epochs, patients, onTrouble }),
    );
    const answers = life.parts.keep(new Answers({ bus, codec, engine: instance, explaining: engine }));
    await answers.open();
  }
  return engine;
}
