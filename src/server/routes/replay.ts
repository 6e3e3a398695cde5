import { replayCommandSchema, replayStateSchema } from '../../contract/schemas.js';
import { type Endpoint, endpoint } from '../endpoint.js';
import { HttpProblem } from '../problem.js';
import type { ReplayControl } from '../replay-control.js';
import { patientsOf } from './alerts.js';

const path = '/api/v1/replay';
const tag = 'Replay';

export function replayEndpoints(control: ReplayControl | undefined): Endpoint[] {
  const needed = () => {
    if (control === undefined) throw new HttpProblem(404, 'this server is live: there is nothing to replay');
    return control;
  };
  return [
    endpoint({
      method: 'GET',
      path,
      tag,
      summary: 'Where the replay is, and what truly happened; 404 on a live server',
      permission: 'read',
      audit: 'view-replay',
      response: replayStateSchema,
      handle: async ({ ward, note }) => {
        const state = ward.replayState(needed().state);
        note({ patients: patientsOf(state.events) });
        return state;
      },
    }),
    endpoint({
      method: 'POST',
      path,
      tag,
      summary: 'Play, pause, change the speed, or seek',
      permission: 'replay',
      audit: 'replay',
      body: replayCommandSchema,
      response: replayStateSchema,
      handle: async ({ ward, body, note }) => {
        const replay = needed();
        if (body.command === 'play') replay.play();
        else if (body.command === 'pause') replay.pause();
        else if (body.command === 'speed') replay.setSpeed(body.speed);
        else await replay.seek(body.time);
        const state = ward.replayState(replay.state);
        note({ patients: patientsOf(state.events) });
        return state;
      },
    }),
  ];
}
