import { z } from 'zod';
import {
  explanationSchema,
  idSchema,
  imagesSchema,
  notesQuerySchema,
  notesSchema,
  patientDetailSchema,
  patientsSchema,
  scoresQuerySchema,
  scoresSchema,
  timelineQuerySchema,
  timelineSchema,
} from '../../contract/schemas.js';
import { HOUR_MS } from '../../durations.js';
import type { Explanation } from '../../engine/explanations.js';
import { readImageHeader } from '../../events/image.js';
import { type Endpoint, endpoint } from '../endpoint.js';
import { explanationView } from '../explanation.js';
import { HttpProblem } from '../problem.js';

const patientParams = z.object({ patientId: idSchema });
const tag = 'Patients';

/** Says why a patient's newest score is what it is; null where the patient is not here. */
export type Explain = (patientId: string) => Promise<Explanation | null>;

export function patientEndpoints(explain: Explain | undefined): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/api/v1/patients',
      tag,
      summary: 'The patients on the wards the token allows, as they are now',
      permission: 'read',
      audit: 'list-patients',
      response: patientsSchema,
      handle: async ({ ward, note }) => {
        const patients = ward.patients();
        note({ patients: patients.map(({ patientId }) => patientId) });
        return { clock: ward.clock, catchingUp: ward.catchingUp, patients };
      },
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/patients/:patientId',
      tag,
      summary: 'A patient now, with the alerts that are not resolved',
      permission: 'read',
      audit: 'view-patient',
      params: patientParams,
      response: patientDetailSchema,
      handle: async ({ ward, params }) => {
        const patient = ward.patient(params.patientId);
        const alerts = ward.openAlerts().filter(({ patientId }) => patientId === params.patientId);
        return { clock: ward.clock, patient, alerts };
      },
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/patients/:patientId/timeline',
      tag,
      summary: 'The course of a patient: values, scores, marks of notes and images, alerts',
      permission: 'read',
      audit: 'view-timeline',
      params: patientParams,
      query: timelineQuerySchema,
      response: timelineSchema,
      handle: async ({ ward, params, query }) => {
        const to = query.until ?? ward.clock;
        return ward.timeline(params.patientId, { from: to - query.hours * HOUR_MS, to }, query.points);
      },
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/patients/:patientId/notes',
      tag,
      summary: 'Clinical notes, or alarms of monitors, newest first',
      permission: 'read',
      audit: 'view-notes',
      params: patientParams,
      query: notesQuerySchema,
      response: notesSchema,
      handle: async ({ ward, params: { patientId }, query }) => ({
        patientId,
        notes: await ward.notes(patientId, query.limit, query.kind),
      }),
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/patients/:patientId/images',
      tag,
      summary: 'Imaging events with what their encoder found, newest first',
      permission: 'read',
      audit: 'view-images',
      params: patientParams,
      response: imagesSchema,
      handle: async ({ ward, params: { patientId } }) => ({
        patientId,
        images: await ward.images(patientId),
      }),
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/patients/:patientId/images/:imageId',
      tag,
      summary: 'The bytes of an image, PNG or JPEG as it came',
      permission: 'read',
      audit: 'view-image',
      params: patientParams.extend({ imageId: idSchema }),
      response: { mediaType: 'image/png', description: 'PNG; or image/jpeg, as the Content-Type says' },
      handle: async ({ ward, params: { patientId, imageId }, request, reply }) => {
        const bytes = await ward.imageBytes(patientId, imageId);
        const format = readImageHeader(bytes)?.format;
        if (format !== 'png' && format !== 'jpeg') {
          throw new HttpProblem(415, 'the image is neither PNG nor JPEG; a browser cannot show it');
        }
        const etag = `"${imageId.replaceAll(/[^\w.-]/g, '_')}-${bytes.length}"`;
        if (request.headers['if-none-match'] === etag) return reply.code(304).send();
        // An image never changes: the same browser may keep it, though no cache between.
        reply.header('cache-control', 'private, max-age=3600').header('etag', etag);
        return reply.type(`image/${format}`).send(bytes);
      },
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/patients/:patientId/explanation',
      tag,
      summary: 'Why the newest score is what it is: modalities and leading variables',
      permission: 'read',
      audit: 'view-explanation',
      params: patientParams,
      response: explanationSchema,
      handle: async ({ ward, params: { patientId } }) => {
        ward.patient(patientId);
        if (explain === undefined) throw new HttpProblem(501, 'this server cannot explain scores');
        const found = await explain(patientId);
        const explanation = found === null ? null : explanationView(found);
        if (explanation === null) throw new HttpProblem(404, 'there is no score to explain yet');
        return explanation;
      },
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/scores',
      tag: 'Scores',
      summary: 'Scores of a patient',
      permission: 'read',
      audit: 'view-scores',
      query: scoresQuerySchema,
      response: scoresSchema,
      handle: async ({ ward, query: { patientId, limit, from, to }, note }) => {
        const window = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
        const scores = await ward.scores(patientId, window, limit);
        note({ patientId });
        return { patientId, scores };
      },
    }),
  ];
}
