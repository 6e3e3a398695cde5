import { expect, it } from 'vitest';
import { causesOf } from '../src/errors.js';

it('causesOf gives an error and its causes, outermost first, and nothing of what is no error', () => {
  const root = new Error('the socket closed', { cause: 'no error' });
  const middle = new TypeError('the request failed', { cause: root });
  const outer = new Error('the commit failed', { cause: middle });
  expect(causesOf(outer)).toEqual([outer, middle, root]);
  expect(causesOf('no error')).toEqual([]);
  expect(causesOf(undefined)).toEqual([]);
});
