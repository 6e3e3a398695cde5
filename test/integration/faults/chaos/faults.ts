import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../../../src/simulate/random.js';
import type { Broker } from '../../kafka/broker.js';
import type { Slot } from './engines.js';
import { type FaultyStore, STORE_MODES } from './faulty-store.js';
import type { Network, NetworkMode } from './network.js';

/** Faults come in bouts; what is measured of latency is measured between them. */
const BOUT_MS = 20_000;
const CALM_MS = 36_000;
/** Faults of a bout begin this far apart. */
const APART_MS = { least: 1500, most: 6000 };
const STORE_APART_MS = { least: 1000, most: 8000 };
const NETWORK_MODES: readonly (NetworkMode | 'reset' | 'half')[] = [
  'blackhole',
  'delay',
  'refuse',
  'reset',
  'half',
];

/** What may be harmed. */
export const TARGETS = ['engines', 'broker', 'network', 'store', 'input'] as const;
export type Target = (typeof TARGETS)[number];

export interface Victims {
  readonly broker: Broker;
  readonly store: FaultyStore;
  readonly slots: readonly Slot[];
  readonly networks: ReadonlyMap<number, Network>;
  readonly targets: ReadonlySet<Target>;
}

/** Something that was done, and until when. */
export interface Fault {
  readonly what: string;
  readonly from: number;
  to: number;
}

type Deed = () => Promise<void> | undefined;

/** Random faults, the same for a seed as far as what they find is the same. */
export class Faults {
  /** Those that may keep alerts waiting. */
  readonly done: Fault[] = [];
  /** ClickHouse's troubles: no alert waits for it. */
  readonly ofStore: Fault[] = [];
  readonly #victims: Victims;
  readonly #random: Random;
  readonly #storeRandom: Random;
  readonly #kinds: readonly (readonly [Target, number, Deed])[];
  readonly #underWay = new Set<Promise<void>>();
  readonly #began = Date.now();
  #isBrokerBusy = false;

  constructor(seed: number, victims: Victims) {
    this.#victims = victims;
    this.#random = new Random(seed, 4);
    this.#storeRandom = new Random(seed, 5);
    const kinds: readonly (readonly [Target, number, Deed])[] = [
      ['engines', 3, () => this.#kill()],
      ['engines', 3, () => this.#freeze()],
      ['engines', 2, () => this.#end()],
      ['engines', 1, () => this.#remove()],
      ['engines', 1, () => this.#add()],
      ['broker', 1.5, () => this.#killBroker()],
      ['broker', 1.5, () => this.#freezeBroker()],
      ['network', 6, () => this.#network()],
    ];
    this.#kinds = kinds.filter(([target]) => victims.targets.has(target));
  }

  /** Does harm until `end`, in bouts, and lets every fault come to its end. */
  async until(end: number): Promise<void> {
    const store = this.#victims.targets.has('store') ? this.#troubleStore(end) : null;
    while (Date.now() < end) {
      const boutEnds = Math.min(end, Date.now() + BOUT_MS);
      while (Date.now() < boutEnds) {
        this.#doOne();
        await sleep(this.#random.between(APART_MS.least, APART_MS.most));
      }
      await sleep(Math.max(0, Math.min(end - Date.now(), CALM_MS)));
    }
    await store;
    await Promise.all(this.#underWay);
  }

  #doOne(): void {
    const total = this.#kinds.reduce((sum, [, weight]) => sum + weight, 0);
    let left = this.#random.between(0, total);
    const kind = this.#kinds.find(([, weight]) => {
      left -= weight;
      return left < 0;
    });
    const deed = kind?.[2]();
    if (deed === undefined) return;
    this.#underWay.add(deed);
    void deed.finally(() => this.#underWay.delete(deed));
  }

  async #during(list: Fault[], what: string, work: () => Promise<unknown>): Promise<void> {
    const fault = { what, from: Date.now(), to: Number.POSITIVE_INFINITY };
    list.push(fault);
    process.stdout.write(`  ${((fault.from - this.#began) / 1000).toFixed(1)} s: ${what}\n`);
    try {
      await work();
    } finally {
      fault.to = Date.now();
    }
  }

  /** Engines to which nothing is being done. */
  #free(): Slot[] {
    return this.#victims.slots.filter(({ isFree }) => isFree);
  }

  #toEngine(what: string, work: (slot: Slot) => Promise<unknown>): Promise<void> | undefined {
    const free = this.#free();
    if (free.length === 0) return undefined;
    const slot = this.#random.pick(free);
    return this.#busy(slot, () => this.#during(this.done, `engine ${slot.number} ${what}`, () => work(slot)));
  }

  async #busy(slot: Slot, work: () => Promise<void>): Promise<void> {
    slot.isBusy = true;
    try {
      await work();
    } finally {
      slot.isBusy = false;
    }
  }

  #kill() {
    return this.#toEngine('killed', async (slot) => {
      await slot.kill();
      await slot.back();
    });
  }

  #freeze() {
    const ms = this.#random.between(2000, 16_000);
    return this.#toEngine(`frozen for ${seconds(ms)}`, async (slot) => {
      slot.signal('SIGSTOP');
      await sleep(ms);
      slot.signal('SIGCONT');
    });
  }

  #end() {
    return this.#toEngine('told to end', async (slot) => {
      await slot.end();
      await slot.back();
    });
  }

  /** That it is away, or more are there than usual, is no fault: that it goes, and comes, is. */
  #remove() {
    const ms = this.#random.between(8000, 20_000);
    const free = this.#free();
    if (free.length < 3) return undefined;
    const slot = this.#random.pick(free);
    return this.#busy(slot, async () => {
      await this.#during(this.done, `engine ${slot.number} taken away for ${seconds(ms)}`, () => slot.stop());
      await sleep(ms);
      await this.#during(this.done, `engine ${slot.number} comes back`, () => slot.run());
    });
  }

  #add() {
    const ms = this.#random.between(12_000, 25_000);
    const absent = this.#victims.slots.find(({ isWanted, isBusy }) => !isWanted && !isBusy);
    if (absent === undefined) return undefined;
    return this.#busy(absent, async () => {
      await this.#during(this.done, `engine ${absent.number} added for ${seconds(ms)}`, () => absent.run());
      await sleep(ms);
      await this.#during(this.done, `engine ${absent.number} goes again`, () => absent.stop());
    });
  }

  #toBroker(what: string, work: () => Promise<void>): Promise<void> | undefined {
    if (this.#isBrokerBusy) return undefined;
    this.#isBrokerBusy = true;
    return this.#during(this.done, `broker ${what}`, work).finally(() => {
      this.#isBrokerBusy = false;
    });
  }

  #killBroker() {
    const ms = this.#random.between(500, 6000);
    const { broker } = this.#victims;
    return this.#toBroker(`killed for ${seconds(ms)}`, async () => {
      await broker.kill();
      await sleep(ms);
      await broker.restart();
    });
  }

  #freezeBroker() {
    const ms = this.#random.between(2000, 12_000);
    const { broker } = this.#victims;
    return this.#toBroker(`frozen for ${seconds(ms)}`, async () => {
      await broker.freeze();
      await sleep(ms);
      await broker.thaw();
    });
  }

  #network() {
    const mode = this.#random.pick(NETWORK_MODES);
    const ms = this.#random.between(2000, 14_000);
    return this.#toEngine(`network ${mode} for ${seconds(ms)}`, async ({ number }) => {
      const network = this.#victims.networks.get(number)!;
      if (mode === 'reset') return network.reset();
      if (mode === 'half') return network.halfClose();
      network.mode = mode;
      if (mode === 'refuse') network.reset();
      await sleep(ms);
      network.mode = 'pass';
      if (mode === 'blackhole') network.reset();
    });
  }

  /** All the time, also between the bouts. */
  async #troubleStore(end: number): Promise<void> {
    const random = this.#storeRandom;
    const { store } = this.#victims;
    while (Date.now() < end) {
      await sleep(random.between(STORE_APART_MS.least, STORE_APART_MS.most));
      const mode = random.pick(STORE_MODES);
      const ms = Math.min(random.between(3000, 14_000), Math.max(0, end - Date.now()));
      await this.#during(this.ofStore, `ClickHouse ${mode} for ${seconds(ms)}`, async () => {
        await store.become(mode);
        await sleep(ms);
        await store.become('ok');
      });
    }
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
