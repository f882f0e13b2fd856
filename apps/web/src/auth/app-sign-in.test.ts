import { expect, it } from 'vitest';
import { afterSignIn } from '../app/router';
import { interactionOf } from './app-sign-in';

it("an application's sign-in goes on at its own address", () => {
  expect(interactionOf('/oidc/interaction/2Kk9_aZ-0123456789')).toBe('/oidc/interaction/2Kk9_aZ-0123456789');
});

it.each([
  undefined,
  ['/oidc/interaction/2Kk9_aZ-0123456789'],
  '/oidc/interaction/',
  '/oidc/interaction/2Kk9_aZ-0123456789/../../session/end',
  '/oidc/interaction/2Kk9_aZ-0123456789?x=1',
  '/oidc/session/end',
  '//evil.example/oidc/interaction/2Kk9_aZ-0123456789',
  'https://evil.example/oidc/interaction/2Kk9_aZ-0123456789',
  'javascript:alert(1)',
])('%s is none', (next) => {
  expect(interactionOf(next)).toBeUndefined();
});

it.each([
  ['/robots/7?x=1', '/robots/7?x=1'],
  ['/oidc/session/end', '/'],
  ['/oidcs', '/oidcs'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
])('after signing in, %s leads to %s', (next, to) => {
  expect(afterSignIn({ query: { next } })).toBe(to);
});
