import { RECORD_OF_TOPIC, TOPICS } from '../../dist/contract/topics.js';
import { MessageCodec } from '../../dist/events/codec.js';
import { simulateWard } from '../../dist/simulate/ward.js';

const SLICE_MS = 20;
const codec = new MessageCodec();

/** Beds that send a set of vital signs every second, with laboratory results and notes beside them, on the time of day. */
export class LiveWard {
  #bus;
  #made = 0;
  #sending = new Set();
  /** One message of each kind for each bed, to be sent again and again with another time. */
  #templates = new Map(
    [TOPICS.vitals, TOPICS.labs, TOPICS.notes, TOPICS.adt].map((name) => [name, new Map()]),
  );
  #beds;

  constructor(bus, beds) {
    this.#bus = bus;
    const ward = { beds, hours: 7, seed: 1, startTime: 0, wardId: 'W', vitalsIntervalMs: 3_600_000 };
    for (const { topic, key, record } of simulateWard(ward)) this.#templates.get(topic)?.set(key, record);
    this.#beds = [...this.#templates.get(TOPICS.vitals).keys()];
  }

  async admit() {
    const records = this.#beds.map((bed) => ({ ...this.#templates.get(TOPICS.adt).get(bed), type: 'ADMIT' }));
    await this.#send(TOPICS.adt, records);
  }

  /** Sends until `isOver` says so of the milliseconds passed, which it is asked at each slice of time. */
  async run(isOver, onSlice = () => undefined) {
    const began = performance.now();
    const vitals = this.#templates.get(TOPICS.vitals);
    let done = 0;
    for (let slice = 0; ; slice++) {
      const elapsed = performance.now() - began;
      if (isOver(elapsed)) break;
      const due = Math.floor((elapsed / 1000) * this.#beds.length);
      const some = [];
      for (; done < due; done++) some.push(vitals.get(this.#beds[done % this.#beds.length]));
      this.send(TOPICS.vitals, some);
      const bed = this.#beds[(slice * 37) % this.#beds.length];
      const pick = (topic) => [this.#templates.get(topic).get(bed)].filter(Boolean);
      if (slice % 7 === 0) this.send(TOPICS.labs, pick(TOPICS.labs));
      if (slice % 100 === 50) this.send(TOPICS.notes, pick(TOPICS.notes));
      onSlice(slice);
      const rest = began + (slice + 1) * SLICE_MS - performance.now();
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, rest)));
    }
    await Promise.all(this.#sending);
  }

  /** Sends records as of now, beside what goes on. */
  send(topic, records) {
    const sent = this.#send(topic, records);
    this.#sending.add(sent);
    void sent.finally(() => this.#sending.delete(sent));
  }

  async #send(topic, records) {
    if (records.length === 0) return;
    const messages = records.map((record) => {
      const eventTime = Date.now();
      const observedAt = 'observedAt' in record ? { observedAt: null } : {};
      const value = { ...record, ...observedAt, eventTime, messageId: `b${this.#made++}` };
      return { key: record.patientId, value: codec.encode(RECORD_OF_TOPIC[topic], value) };
    });
    await this.#bus.produce(topic, messages);
  }
}
