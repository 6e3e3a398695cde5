import { hostname } from 'node:os';
import { expect, it } from 'vitest';
import { instanceOf, serverConfigSchema } from '../../src/settings/server.js';

const named = (settings: object) => instanceOf(serverConfigSchema.parse(settings));

it('the name of a process is as configured, else one that no other process on the host has', () => {
  expect(named({ instance: 'east' })).toBe('east');
  expect(named({ port: 8081 })).toBe(`${hostname()}:8081`);
  expect(named({ port: 8082 })).not.toBe(named({ port: 8081 }));
  expect(named({ port: 0 })).not.toBe(named({ port: 0 }));
});
