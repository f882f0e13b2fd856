import { expect, it } from 'vitest';
import type { Channel } from '../api/types';
import { channelBody, channelChange, draftOfChannel, freshChannel } from './channel-draft';

const webhook = {
  ...{ id: 1, kind: 'webhook', name: 'Ops', settings: { url: 'https://chat.example', format: 'slack' } },
  ...{ has_secret: true, language: 'en', time_zone: 'UTC', quiet_hours: null, created_at: '2026-01-01T00:00:00Z' },
  ...{ tested_at: null, last_sent_at: null, failing_since: null, last_error: null },
} as Channel;

it('leaves an address alone that is shown only in part', () => {
  const draft = { ...draftOfChannel(webhook), name: 'Operations' };
  expect(channelChange(draft, webhook, 'UTC')).toEqual({
    name: 'Operations',
    language: 'en',
    time_zone: 'UTC',
    quiet_hours: null,
  });
});

it('sends a new address', () => {
  const draft = { ...draftOfChannel(webhook), url: ' https://chat.example/hook ' };
  expect(channelChange(draft, webhook, 'UTC').settings).toEqual({ url: 'https://chat.example/hook', format: 'slack' });
});

it('sends only what the kind has', () => {
  const draft = { ...freshChannel('ntfy', 'ru'), name: 'n', topic: ' lab ', isQuiet: true };
  expect(channelBody(draft, 'Europe/Moscow')).toEqual({
    ...{
      kind: 'ntfy',
      name: 'n',
      language: 'ru',
      time_zone: 'Europe/Moscow',
      settings: { url: 'https://ntfy.sh', topic: 'lab' },
    },
    quiet_hours: { from: '22:00', to: '08:00', time_zone: 'Europe/Moscow' },
  });
});
