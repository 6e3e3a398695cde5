import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PatientState } from '../../src/align/patient.js';
import type { OpenLog, OutgoingMessage, Tail, TailHandler, TailOf, TailRecord } from '../../src/bus/bus.js';
import { TOPICS } from '../../src/contract/topics.js';
import { Epochs } from '../../src/engine/epochs.js';
import { readPatients } from '../../src/engine/patients-log.js';
import { PatientsSink } from '../../src/engine/patients-sink.js';
import { MessageCodec } from '../../src/events/codec.js';
import { LoggedWard } from '../../src/ward/logged-ward.js';
import { adt, eventOf, HOUR_MS, outputsOf, START, score } from '../helpers.js';

const codec = new MessageCodec();
const MINUTE = 60_000;

/** One compacted partition, as a broker keeps it. */
class OneLog implements OpenLog {
  records: TailRecord[] = [];
  readonly #tails = new Set<TailHandler>();
  #next = 0;

  async append(topic: string, messages: readonly OutgoingMessage[]): Promise<number[]> {
    return messages.map(({ key, value, epoch }) => {
      const record = { offset: this.#next++, key, value, epoch };
      this.records.push(record);
      for (const tail of this.#tails)
        tail.batch({ topic, partition: 0, records: [record], next: this.#next });
      return record.offset;
    });
  }

  async tail([{ topic }]: readonly TailOf[], handler: TailHandler): Promise<Tail> {
    const records = topic === TOPICS.patients ? [...this.records] : [];
    const end = topic === TOPICS.patients ? this.#next : 0;
    handler.begun(topic, 'id', [{ from: 0, end }]);
    if (records.length > 0) handler.batch({ topic, partition: 0, records, next: end });
    if (topic === TOPICS.patients) this.#tails.add(handler);
    return { progress: { partitions: 1, of: 1 }, close: async () => void this.#tails.delete(handler) };
  }

  async read(): Promise<{ from: number; records: TailRecord[] }> {
    return { from: 0, records: [...this.records] };
  }

  /** Keeps the last record of each key, and all after so many of the last. What has no value goes. */
  compact(kept: number): void {
    const head = this.records.slice(0, Math.max(0, this.records.length - kept));
    const tail = this.records.slice(head.length);
    const newest = new Map(head.map(({ key, offset }) => [key, offset]));
    const left = head.filter(({ key, offset, value }) => newest.get(key) === offset && value !== null);
    this.records = [...left, ...tail];
  }
}

/** Something that happens on the ward; its number is its time in minutes and, of a patient, the bed. */
interface Happening {
  readonly patientId: string;
  readonly kind: 'admit' | 'move' | 'discharge';
}

function stayOf(patientId: string, minute: number, bed = minute): PatientState {
  const admitted = adt('ADMIT', { patientId, eventTime: START + minute * MINUTE, wardId: 'W' });
  const stay = new PatientState(eventOf('adt', admitted), { stepMs: HOUR_MS, steps: 4 }, 16);
  stay.bedId = String(bed);
  return stay;
}

/** Who is on the ward after so many happenings: stay and bed. */
function truthOf(course: readonly Happening[], until = course.length): Map<string, PatientState> {
  const here = new Map<string, PatientState>();
  for (const [minute, { patientId, kind }] of course.slice(0, until).entries()) {
    if (kind === 'admit') here.set(patientId, stayOf(patientId, minute));
    if (kind === 'move') here.get(patientId)!.bedId = String(minute);
    if (kind === 'discharge') here.delete(patientId);
  }
  return here;
}

/** An engine that has, or had, the partition. */
class Owner {
  readonly #course: readonly Happening[];
  readonly #sink: PatientsSink;
  readonly #here: Map<string, PatientState>;
  #isFrozen = false;
  #thaw: (() => void)[] = [];
  isMember = true;
  position: number;

  constructor(log: OneLog, course: readonly Happening[], epoch: number, checkpoint: number, name: string) {
    this.#course = course;
    this.position = checkpoint;
    const append: OpenLog['append'] = async (topic, messages) => {
      if (this.#isFrozen) await new Promise<void>((resolve) => this.#thaw.push(resolve));
      return log.append(topic, messages);
    };
    const epochs = new Epochs({ epochOf: () => epoch }, async () => this.isMember);
    const logged = () => readPatients(log, 0);
    this.#sink = new PatientsSink({ append }, codec, { engine: name, epochs, logged });
    this.#here = truthOf(course, checkpoint);
    const restored = [...this.#here.values()].map((patient) => ({ patient, alerts: [] }));
    void this.#sink.write(outputsOf({ restored }));
  }

  /** Goes on with the input, up to there. */
  read(until: number): void {
    for (; this.position < until; this.position++) {
      const { patientId, kind } = this.#course[this.position];
      const minute = this.position;
      if (kind === 'admit') {
        const stay = stayOf(patientId, minute);
        this.#here.set(patientId, stay);
        void this.#sink.write(outputsOf({ admitted: [stay] }));
      }
      const stay = this.#here.get(patientId)!;
      const { stayId } = stay;
      if (kind === 'move')
        void this.#sink.write(
          outputsOf({ scores: [score(minute, 0.1, { patientId, stayId, bedId: String(minute) })] }),
        );
      if (kind === 'discharge') void this.#sink.write(outputsOf({ discharged: [stay] }));
    }
  }

  flush = () => this.#sink.flush();
  mend = () => this.#sink.mend(0);
  close = () => this.#sink.close();

  freeze(): void {
    this.#isFrozen = true;
  }

  async thaw(): Promise<void> {
    this.#isFrozen = false;
    for (const go of this.#thaw) go();
    this.#thaw = [];
    await turns();
  }
}

/** Lets everything that waits for nothing but its turn run. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const shown = (ward: LoggedWard) =>
  [...ward.patients.values()].map(({ stayId, bedId }) => `${stayId} ${bedId}`).sort();
const expected = (course: readonly Happening[]) =>
  [...truthOf(course).values()].map(({ stayId, bedId }) => `${stayId} ${bedId}`).sort();

type Step =
  | { readonly kind: 'happens'; readonly who: number; readonly what: number }
  | { readonly kind: 'reads'; readonly share: number }
  | { readonly kind: 'settles' | 'moves' | 'comes-late' | 'thaws' | 'begins' }
  | { readonly kind: 'compacts'; readonly kept: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('happens'), who: fc.nat(4), what: fc.nat(9) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('reads'), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('settles') }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('moves', 'comes-late', 'thaws', 'begins') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('compacts'), kept: fc.nat(6) }) },
) as fc.Arbitrary<Step>;

/** The next thing that may befall a patient. */
function happening(course: readonly Happening[], who: number, what: number): Happening {
  const patientId = `p${who}`;
  if (!truthOf(course).has(patientId)) return { patientId, kind: 'admit' };
  return { patientId, kind: what < 6 ? 'move' : 'discharge' };
}

async function run(steps: readonly Step[]): Promise<void> {
  const log = new OneLog();
  const course: Happening[] = [];
  const owners: Owner[] = [];
  const wards: LoggedWard[] = [];
  let epoch = 0;
  let checkpoint = 0;
  let isSettled = false;
  const comes = (from = checkpoint) => {
    const owner = new Owner(log, course, ++epoch, from, `e${epoch}`);
    owners.push(owner);
    return owner;
  };
  let owner = comes();
  const begins = async () => {
    const ward = new LoggedWard(log, codec, {});
    await ward.open();
    wards.push(ward);
  };
  const settles = async () => {
    owner.read(course.length);
    await owner.flush();
    await owner.mend();
    await owner.flush();
    checkpoint = course.length;
    isSettled = true;
  };
  await begins();
  for (const each of steps) {
    if (each.kind === 'happens') {
      course.push(happening(course, each.who, each.what));
      isSettled = false;
    }
    if (each.kind === 'reads')
      owner.read(owner.position + Math.floor(each.share * (course.length - owner.position)));
    if (each.kind === 'settles') await settles();
    if (each.kind === 'moves') {
      // It is frozen with what it has not written, and goes on as if nothing had been once it is not.
      owner.freeze();
      owner.read(course.length);
      void owner.flush();
      await turns();
      owner.isMember = false;
      owner = comes();
      isSettled = false;
    }
    if (each.kind === 'comes-late') {
      // Its claim is the newer one, but it has lost the partition before that.
      const late = comes(0);
      late.isMember = false;
      late.read(course.length);
      void late.flush();
      await turns();
    }
    if (each.kind === 'thaws') for (const old of owners) if (old !== owner) await old.thaw();
    if (each.kind === 'compacts') log.compact(each.kept);
    if (each.kind === 'begins') await begins();
    if (isSettled && each.kind !== 'compacts') expect(shown(wards[0])).toEqual(expected(course));
  }
  await settles();
  for (const old of owners) if (old !== owner) await old.thaw();
  for (const ward of wards) expect(shown(ward)).toEqual(expected(course));
  // What the others have written is found with the owner's next record.
  course.push(happening(course, 0, 0));
  await settles();
  log.compact(0);
  await begins();
  for (const ward of wards) expect(shown(ward)).toEqual(expected(course));
  for (const each of owners) await each.close();
}

it('whatever engines that have lost the partition still write, every gateway shows who is there, whenever it began', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => run(steps)),
    { numRuns: 150 },
  );
}, 120_000);

it('a gateway that begins while the last record of a patient is of an engine that has lost them shows nobody', async () => {
  const log = new OneLog();
  const course: Happening[] = [
    { patientId: 'p1', kind: 'admit' },
    { patientId: 'p1', kind: 'move' },
    { patientId: 'p1', kind: 'discharge' },
  ];
  const first = new Owner(log, course, 1, 0, 'e1');
  first.read(1);
  await first.flush();
  first.freeze();
  first.read(2);
  void first.flush();
  await turns();
  const second = new Owner(log, course, 2, 0, 'e2');
  second.read(3);
  await second.flush();
  await first.thaw();
  log.compact(0);
  expect(log.records.at(-1)?.key).toBe('p1');
  const ward = new LoggedWard(log, codec, {});
  await ward.open();
  expect([shown(ward), ward.fenced]).toEqual([[], 1]);
  for (const each of [first, second]) await each.close();
});
