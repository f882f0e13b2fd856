import { expect, it } from 'vitest';
import { relyingParty } from './relying-party.ts';

it.each([
  ['https://robots.lab.example', 'robots.lab.example', 'https://robots.lab.example'],
  ['https://robots.lab.example:9101/app', 'robots.lab.example', 'https://robots.lab.example:9101'],
  ['http://localhost:9101', 'localhost', 'http://localhost:9101'],
])('%s is bound to %s', (publicUrl, id, origin) => {
  expect(relyingParty({ publicUrl })).toEqual({ id, origin });
});

it.each(['http://robots.lab.example', 'http://127.0.0.1:9101', 'https://192.0.2.7', 'https://[2001:db8::1]'])(
  '%s can have no passkeys',
  (publicUrl) => {
    expect(relyingParty({ publicUrl })).toBeUndefined();
  },
);
