import type { DeadLetterReason } from '../../events/dead-letter.js';
import type { Taken } from './taken.js';

/** An OperationOutcome (https://hl7.org/fhir/R4/operationoutcome.html), as far as it is used. */
export interface OperationOutcome {
  readonly resourceType: 'OperationOutcome';
  readonly issue: readonly Issue[];
}

interface Issue {
  readonly severity: 'error' | 'warning' | 'information';
  /** http://hl7.org/fhir/issue-type. */
  readonly code: string;
  readonly diagnostics: string;
}

/** Issue types by reason; what is not named is a business rule. */
const CODES: Partial<Record<DeadLetterReason, string>> = {
  undecodable: 'structure',
  'missing-id': 'required',
  'invalid-id': 'value',
  empty: 'required',
  'unknown-code': 'code-invalid',
  'unknown-unit': 'code-invalid',
  'not-a-number': 'value',
  'unknown-time': 'value',
  'unsupported-message': 'not-supported',
  oversized: 'too-long',
};
/** Issue types by HTTP status. */
const OF_STATUS: Readonly<Record<number, string>> = {
  400: 'structure',
  401: 'login',
  403: 'forbidden',
  404: 'not-found',
  405: 'not-supported',
  413: 'too-long',
  415: 'not-supported',
  422: 'processing',
  429: 'throttled',
  503: 'transient',
};

/** What a sender is told of a request that was not taken. */
export function outcomeOf(status: number, diagnostics: string): OperationOutcome {
  const code = OF_STATUS[status] ?? (status < 500 ? 'invalid' : 'exception');
  return { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code, diagnostics }] };
}

/** What a sender is told of one resource: all that is not used, or that all is well. */
export function toldOf({ rejections, unmapped, text, counts, isRefused }: Taken): OperationOutcome {
  const issue: Issue[] = rejections.map(({ reason, detail }) => ({
    severity: isRefused ? 'error' : 'warning',
    code: CODES[reason] ?? 'business-rule',
    diagnostics: detail,
  }));
  for (const { code, text: words } of unmapped) {
    const diagnostics = `nothing is known of code ${code}${words === '' ? '' : ` (${words})`}; it is counted and not used`;
    issue.push({ severity: 'warning', code: 'code-invalid', diagnostics });
  }
  if (text !== '') issue.push({ severity: 'information', code: 'informational', diagnostics: text });
  if (issue.length === 0) {
    const what = counts.used === 1 ? '1 value is' : `${counts.used} values are`;
    issue.push({ severity: 'information', code: 'informational', diagnostics: `${what} used` });
  }
  return { resourceType: 'OperationOutcome', issue };
}
