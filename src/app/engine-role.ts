import { BusSink } from '../engine/bus-sink.js';
import { Engine } from '../engine/engine.js';
import type { Sink } from '../engine/outputs.js';
import { MessageCodec } from '../events/codec.js';
import { log } from './log.js';
import type { Ports } from './ports.js';

/** What takes results within the process; null where that is another process's. */
export interface OwnSinks {
  readonly view: Sink | null;
  readonly sink: Sink | null;
}

/** Opens the role `engine`, which does not read yet. */
export async function openEngine(ports: Ports, { view, sink }: OwnSinks): Promise<Engine> {
  const { config, life, model, bus, clock, live, notices, observer } = ports;
  // Who watches the ward is told first.
  const sinks: [string, Sink][] = view === null ? [] : [['view', view]];
  if (live !== null) {
    const onTrouble = (message: string) => log.error(message);
    sinks.push(['bus', new BusSink(bus, new MessageCodec(), model.version, { notices, onTrouble })]);
  }
  if (sink !== null) sinks.push(['store', sink]);
  const engine = await Engine.open({
    config,
    bus,
    clock,
    sinks: observer.around(sinks),
    notices,
    onWarning: (message) => log.warn(message),
  });
  if (sink !== null) life.parts.handOn(sink as Required<Sink>);
  return life.parts.keep(engine);
}
