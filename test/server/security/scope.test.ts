import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AlertsResponse } from '../../../src/contract/protocol.js';
import { ROLES, type Role } from '../../../src/contract/roles.js';
import { endpointsOf } from '../../../src/server/server.js';
import { alert } from '../../helpers.js';
import { json, TestClient, tokenOf } from '../ward.js';
import { ABOUT, LISTS, openPeople, type People, send } from './people.js';

let ward: People;
beforeAll(async () => {
  ward = await openPeople();
});
afterAll(() => ward.close());

const CAN_ACT: readonly Role[] = ['clinician', 'admin'];
const CAN_EXPORT: readonly Role[] = ['clinician', 'admin', 'service'];
/** Who sends to doors reads nothing. */
const READERS = ROLES.filter((role) => role !== 'sender');

describe('role × ward × endpoint', () => {
  const wards = [['W'], ['V'], ['W', 'V'], ['*'], ['elsewhere']];
  for (const role of READERS) {
    for (const mine of wards) {
      it(`${role} of ${mine}`, async () => {
        const token = await tokenOf(role, mine);
        for (const [method, path, body] of ABOUT) {
          for (const owner of ['w', 'v']) {
            const at = path.replaceAll('$', owner).replace('€', '$');
            const { status } = await send(ward, method, at, token, body);
            const isMine = mine.includes('*') || mine.includes(owner.toUpperCase());
            const isAllowed = method === 'GET' || CAN_ACT.includes(role);
            // Within scope: an answer, or that there is no such image, or that nothing can be explained.
            const expected = !isAllowed
              ? [403]
              : isMine
                ? at.includes('/images/')
                  ? [404]
                  : [200, 202, 501]
                : [404];
            expect([at, status, expected.includes(status)]).toEqual([at, status, true]);
          }
        }
        for (const path of LISTS) {
          const response = await ward.get(path, token);
          if (path.includes('/export/') && !CAN_EXPORT.includes(role)) {
            expect([path, response.status]).toEqual([path, 403]);
            continue;
          }
          const text = await response.text();
          expect([path, response.status]).toEqual([path, 200]);
          for (const owner of ['w', 'v']) {
            const isMine = mine.includes('*') || mine.includes(owner.toUpperCase());
            const isThere = text.includes(`p${owner}`) || text.includes(`a${owner}`);
            const isListed = isThere || path.includes('/observations');
            expect([path, owner, isListed || !isMine, isMine || !isThere]).toEqual([path, owner, true, true]);
          }
          // Who lies on no known ward is shown to every ward; what is exported are rows of one's own wards.
          const isExport = path.includes('/export/');
          expect([path, text.includes('nowhere')]).toEqual([
            path,
            !isExport || (mine.includes('*') && !path.includes('/observations')),
          ]);
        }
        const audit = (await ward.get('/api/v1/audit', token)).status;
        expect(audit).toBe(role === 'admin' && mine.includes('*') ? 200 : 403);
        expect((await ward.get('/api/v1/alerts?ward=V', token)).status).toBe(
          mine.includes('*') || mine.includes('V') ? 200 : 403,
        );
        expect((await ward.get('/api/v1/session', token)).status).toBe(200);
        const client = new TestClient(ward.server.url, token);
        await client.next('hello');
        client.send({ type: 'subscribe', wards: ['*'], patients: ['pw', 'pv', 'nowhere'] });
        const { patients, alerts } = await client.next('snapshot');
        const seen = ['w', 'v'].filter((owner) => mine.includes('*') || mine.includes(owner.toUpperCase()));
        seen.push('nowhere');
        expect(patients.map(({ patientId }) => patientId)).toEqual(
          seen.map((owner) => (owner === 'nowhere' ? owner : `p${owner}`)),
        );
        expect(alerts.map(({ alertId }) => alertId)).toEqual(seen.map((owner) => `a${owner}`));
        client.socket.terminate();
      });
    }
  }

  it.each(wards)('a sender of %s reads nothing', async (...mine) => {
    const token = await tokenOf('sender', mine);
    for (const [method, path, body] of [...ABOUT, ...LISTS.map((each) => ['GET', each] as const)]) {
      const at = path.replaceAll('$', 'w').replace('€', '$');
      expect([at, (await send(ward, method, at, token, body)).status]).toEqual([at, 403]);
    }
    const client = new TestClient(ward.server.url, token);
    await expect(client.next('hello')).rejects.toThrow();
    // Nor on a connection that somebody opened who may read.
    const reader = new TestClient(ward.server.url, await tokenOf('viewer', mine));
    await reader.next('hello');
    reader.send({ type: 'authenticate', token });
    expect((await reader.closed).code).toBe(4403);
  });

  it('shows a technical notice without a ward to every ward, and lets nobody act on it', async () => {
    const technical = {
      class: 'technical',
      patientId: '',
      value: null,
      threshold: null,
      mortality: null,
    } as const;
    const notice = alert('notice', 0, { ...technical, wardId: null, rule: 'store-away', detail: 'away' });
    await ward.write({ alerts: [notice] });
    const token = await tokenOf('clinician', ['V']);
    const client = new TestClient(ward.server.url, token);
    await client.next('hello');
    client.send({ type: 'subscribe', wards: ['V'] });
    const { alerts } = await client.next('snapshot');
    expect(alerts).toContainEqual(
      expect.objectContaining({ alertId: 'notice', class: 'technical', detail: 'away' }),
    );
    client.socket.terminate();
    const listed = async (which: string) => {
      const response = await ward.get(`/api/v1/alerts?class=${which}`, token);
      return (await json<AlertsResponse>(response)).alerts.map(({ alertId }) => alertId);
    };
    expect(await listed('technical')).toEqual(['notice']);
    expect(await listed('clinical')).not.toContain('notice');
    const act = await ward.post('/api/v1/alerts/notice/actions', { action: 'ACKNOWLEDGE' }, token);
    expect(act.status).toBe(409);
    expect((await ward.get('/fhir/Flag/notice', token)).status).toBe(404);
    await ward.write({ alerts: [{ ...notice, sequence: 1, state: 'RESOLVED' }] });
  });

  it('covers every endpoint', () => {
    const listed = new Set(
      [...ABOUT.map(([method, path]) => `${method} ${path}`), ...LISTS.map((path) => `GET ${path}`)].map(
        (each) =>
          each
            .replace(/\?.*/, '')
            .replace('€', '$')
            .replaceAll(/\/[pai]\$/g, '/:'),
      ),
    );
    const elsewhere = /session|models|replay|audit|metadata/;
    for (const { method, path } of endpointsOf({ config: {}, model: {} } as never)) {
      if (elsewhere.test(path)) continue;
      const name = `${method} ${path.replaceAll(/:\w+/g, ':')}`;
      expect([name, listed.has(name) || listed.has(name.replace('/export/:', '/export/scores'))]).toEqual([
        name,
        true,
      ]);
    }
  });

  it('answers nobody without a token', async () => {
    for (const [method, path, body] of [...ABOUT, ...LISTS.map((each) => ['GET', each] as const)]) {
      const at = path.replaceAll('$', 'w').replace('€', '$');
      const response = await send(ward, method, at, undefined, body);
      expect([at, response.status, response.headers.get('www-authenticate')]).toEqual([at, 401, 'Bearer']);
    }
  });
});
