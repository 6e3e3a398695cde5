import { capabilityOf } from '../../doors/fhir/capability.js';

const PATIENT = 'A patient id, alone, as Patient/ID, absolute, or as urn:wardstream:patient|ID.';
const SEARCHES = [
  { name: 'patient', type: 'reference', documentation: PATIENT },
  { name: 'subject', type: 'reference', documentation: `${PATIENT} Modifiers :Patient and :identifier.` },
  { name: '_id', type: 'token', documentation: 'Of the resource.' },
];

/** What the API has to read as FHIR R4. What it does not name is refused. */
export function readCapability(): object {
  return capabilityOf({
    title: 'Wardstream',
    documentation:
      'Alerts and risks of the wards that the token names. A search parameter that is not listed is answered 400. Resources come in by a FHIR door, at an address of its own.',
    resource: [
      {
        type: 'Flag',
        interaction: [{ code: 'read' }, { code: 'search-type' }],
        searchParam: [
          ...SEARCHES,
          { name: 'identifier', type: 'token', documentation: 'urn:wardstream:alert|ID, or the id alone.' },
          { name: 'status', type: 'token', documentation: 'active or inactive.' },
        ],
      },
      { type: 'RiskAssessment', interaction: [{ code: 'search-type' }], searchParam: SEARCHES },
    ],
  });
}
