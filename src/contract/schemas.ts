/**
 * The shapes of the HTTP API and of the push protocol, version 1: the one definition. The types in `protocol.ts`, the
 * checks of what comes in, and the OpenAPI and AsyncAPI documents are made from it. Times are milliseconds since the
 * epoch, UTC, of event time; probabilities are 0 to 1; values are in the variable's canonical unit.
 */

export * from './schemas/alerts.js';
export * from './schemas/course.js';
export { idSchema } from './schemas/fields.js';
export * from './schemas/patient.js';
export * from './schemas/push.js';
export * from './schemas/replay.js';
export * from './schemas/service.js';
export * from './schemas/ward.js';
