import { describe, expect, it } from 'vitest';
import type { LogState } from '../../src/bus/bus.js';
import { validPositions, withIds } from '../../src/engine/positions.js';

const logs = (ids: Record<string, string>, ends: Record<string, number>): LogState => ({
  idOf: (topic) => ids[topic],
  endOf: (topic) => ends[topic],
});

describe('positions of a snapshot', () => {
  const positions = { 'ward.vitals': 48, 'ward.adt': 3 };
  const written = withIds(positions, (topic) => (topic === 'ward.vitals' ? 'first' : undefined));

  it('carry the id of their topic beside what older programs read', () => {
    expect(written).toEqual({ ...positions, 'ward.vitals@first': 48 });
  });

  it('are places in the same topic only, however long another of its name is', () => {
    const ends = { 'ward.vitals': 100, 'ward.adt': 3 };
    expect(validPositions(written, 0, logs({ 'ward.vitals': 'first' }, ends))).toEqual(positions);
    expect(validPositions(written, 0, logs({ 'ward.vitals': 'second' }, ends))).toEqual({ 'ward.adt': 3 });
  });

  it('without an id are no places beyond the end', () => {
    const known = logs({ 'ward.vitals': 'second' }, { 'ward.vitals': 10, 'ward.adt': 3 });
    expect(validPositions(positions, 0, known)).toEqual({ 'ward.adt': 3 });
    expect(validPositions(positions, 0, logs({}, {}))).toEqual(positions);
  });
});
