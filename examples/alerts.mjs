// Prints every alert of a ward as it happens: node examples/alerts.mjs http://127.0.0.1:8080 TOKEN
import { connect } from 'wardstream-client';

const [url, token] = process.argv.slice(2);
const ward = connect({ url, token, wards: ['*'], priorities: ['HIGH', 'MEDIUM'] });

ward.on('state', ({ kind }) => console.error(`connection: ${kind}`));
ward.on('gap', () => console.error('the server does not know what was missed; see GET /api/v1/alerts'));
ward.on('snapshot', ({ patients, alerts }) => {
  console.error(`${patients.length} patients, ${alerts.length} open alerts`);
});

// Each record once and in order, also after the connection or the server was gone.
ward.on('record', ({ bedId, priority, state, rule, label, value, threshold, unit, actor, detail }) => {
  const by = actor === null ? '' : ` by ${actor}`;
  // A technical notice has no value: its detail says what is wrong. A unit of 1 is a probability.
  const why = value === null ? detail : `${value.toFixed(2)} ${unit}, threshold ${threshold}`;
  console.log(`${bedId ?? 'system'} ${priority} ${state}${by}: ${label ?? rule}, ${why}`);
});

process.once('SIGINT', () => ward.close());
