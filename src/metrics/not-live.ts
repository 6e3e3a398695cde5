import type { Registry } from 'prom-client';
import type { Condition } from './readiness.js';
import { addLabelled } from './register.js';

/** Patients shown who are not live, by what keeps them from it. */
export type NotLive = () => ReadonlyMap<string, number>;

/** Tells Prometheus how many patients shown are not live. */
export function addNotLive(registry: Registry, notLive: NotLive): void {
  addLabelled(
    registry,
    'gauge',
    'patients_not_live',
    'Patients shown who are not live, by cause: unread, behind, or silent for longer than they usually are.',
    ['cause'],
    () => [...notLive()].map(([cause, value]) => ({ labels: { cause }, value })),
  );
}

/** Tells Prometheus how many partitions are read, as their engines say. */
export function addPartitionStates(registry: Registry, counts: () => ReadonlyMap<string, number>): void {
  addLabelled(
    registry,
    'gauge',
    'engine_partitions',
    'Partitions by how it stands with them: waiting (nothing heard yet), restoring, live, behind, or unread.',
    ['state'],
    () => [...counts()].map(([state, value]) => ({ labels: { state }, value })),
  );
}

/** Tells who asks for readiness the same. A process with beds that are silent is of use all the same. */
export function bedsCondition(notLive: NotLive): Condition {
  return {
    name: 'beds',
    isAdvisory: true,
    check: () => {
      const each = [...notLive()]
        .filter(([, count]) => count > 0)
        .map(([cause, count]) => `${count} ${cause}`);
      return each.length === 0 ? null : `not live: ${each.join(', ')}`;
    },
  };
}
