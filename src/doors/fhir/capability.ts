import { USED_KINDS } from './translate.js';

/** One kind of resource in a CapabilityStatement. */
export interface Supported {
  readonly type: string;
  readonly interaction: readonly { readonly code: string }[];
  readonly searchParam?: readonly {
    readonly name: string;
    readonly type: string;
    readonly documentation: string;
  }[];
  readonly operation?: readonly { readonly name: string; readonly definition: string }[];
}

export interface CapabilityOptions {
  readonly title: string;
  readonly documentation: string;
  readonly resource: readonly Supported[];
  readonly interaction?: readonly { readonly code: string }[];
}

/** When these statements last changed (FHIR R4, CapabilityStatement.date). */
const DATE = '2026-11-30';

/** What a FHIR client asks first (https://hl7.org/fhir/R4/capabilitystatement.html). */
export function capabilityOf({
  title,
  documentation,
  resource,
  interaction = [],
}: CapabilityOptions): object {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: DATE,
    kind: 'instance',
    software: { name: 'Wardstream' },
    implementation: { description: title },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'json'],
    rest: [
      {
        mode: 'server',
        documentation,
        security: { cors: false, description: 'A bearer token (RFC 6750) in the header Authorization.' },
        resource,
        ...(interaction.length === 0 ? {} : { interaction }),
      },
    ],
  };
}

/** That of the door: resources come in, and none is read. */
export function doorCapability(): object {
  return capabilityOf({
    title: 'Wardstream, FHIR door',
    documentation:
      'Takes what monitors, laboratory and admissions tell. What says the same again changes nothing. Nothing is read, searched or deleted here.',
    resource: USED_KINDS.map((type) => ({ type, interaction: [{ code: 'create' }, { code: 'update' }] })),
    interaction: [{ code: 'transaction' }, { code: 'batch' }],
  });
}
