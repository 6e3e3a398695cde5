import { WardstreamError } from '../errors.js';
import type { Keep } from '../sources/open-source.js';

/** Keeps the stay of one patient id; all where none is named. */
export function keepOf(stay: string | undefined): Keep | undefined {
  return stay === undefined ? undefined : (patientId) => patientId === stay;
}

export function noSuchStay(stay: string, from: string): WardstreamError {
  const what = `${from} has no stay of ${stay}`;
  return new WardstreamError('WS_SOURCE', `${what}; --stay takes the id as a report names it`);
}
