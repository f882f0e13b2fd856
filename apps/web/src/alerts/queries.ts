import type { QueryClient } from '@tanstack/vue-query';
import { api, dataOf } from '../api/client';
import type {
  Alert,
  AlertState,
  ChannelBody,
  ChannelChange,
  NewSilence,
  Rule,
  RuleBody,
  Silence,
  Suggestion,
} from '../api/types';

export const alertKeys = {
  all: ['alerts'] as const,
  /** @param filter state and robot */
  list: (filter: unknown) => ['alerts', 'list', filter] as const,
  firing: ['alerts', 'firing'] as const,
  rules: ['alert-rules'] as const,
  suggestions: ['alert-rules', 'suggestions'] as const,
  preview: (body: unknown) => ['alert-preview', body] as const,
  silences: ['silences'] as const,
  channels: ['alert-channels'] as const,
};

const at = (id: number) => ({ params: { path: { id } } });

/** The most alerts of one page. */
const PAGE = 100;
/** Pages of everything that is firing: more than a person could look at. */
const MOST_PAGES = 20;

export interface AlertFilter {
  state?: AlertState;
  robot_id?: number;
  rule_id?: number;
}

/** Newest first. */
export const fetchAlerts = (filter: AlertFilter, cursor?: string) =>
  dataOf(api.GET('/api/alerts', { params: { query: { ...filter, cursor, limit: PAGE } } }));

export async function fetchFiring(): Promise<Alert[]> {
  const alerts: Alert[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { items, next_cursor } = await dataOf(
      api.GET('/api/alerts', { params: { query: { state: 'firing', cursor, limit: 1000 } } }),
    );
    alerts.push(...items);
    if (!next_cursor) break;
    cursor = next_cursor;
  }
  return alerts;
}

export async function acknowledge(queries: QueryClient, id: number): Promise<void> {
  await api.POST('/api/alerts/{id}/acknowledge', at(id));
  await queries.invalidateQueries({ queryKey: alertKeys.all });
}

export async function fetchRules(): Promise<Rule[]> {
  const rules: Rule[] = [];
  let cursor: string | undefined;
  do {
    const page = await dataOf(api.GET('/api/alert-rules', { params: { query: { limit: 1000, cursor } } }));
    rules.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return rules;
}
export const fetchSuggestions = async (): Promise<Suggestion[]> =>
  (await dataOf(api.GET('/api/alert-rules/suggestions'))).items;

/** @param readAgain false when more follow at once */
export async function createRule(queries: QueryClient, body: RuleBody, readAgain = true): Promise<void> {
  await api.POST('/api/alert-rules', { body });
  if (readAgain) await queries.invalidateQueries({ queryKey: alertKeys.rules });
}

export async function changeRule(queries: QueryClient, id: number, body: Partial<RuleBody>): Promise<void> {
  await api.PATCH('/api/alert-rules/{id}', { ...at(id), body });
  await invalidate(queries, alertKeys.rules, alertKeys.all);
}

export async function deleteRule(queries: QueryClient, id: number): Promise<void> {
  await api.DELETE('/api/alert-rules/{id}', at(id));
  await invalidate(queries, alertKeys.rules, alertKeys.all);
}

/** What the rule would have done between `from` and `to`. */
export const previewRule = (body: RuleBody & { from: string; to: string }, signal: AbortSignal) =>
  dataOf(api.POST('/api/alert-rules/preview', { body, signal }));

export const fetchSilences = async (): Promise<Silence[]> => (await dataOf(api.GET('/api/silences'))).items;

export async function createSilence(queries: QueryClient, body: NewSilence): Promise<void> {
  await api.POST('/api/silences', { body });
  await invalidate(queries, alertKeys.silences, alertKeys.all);
}

export async function deleteSilence(queries: QueryClient, id: number): Promise<void> {
  await api.DELETE('/api/silences/{id}', at(id));
  await invalidate(queries, alertKeys.silences, alertKeys.all);
}

/** One after the other: a hundred at once would be refused. */
export async function acknowledgeEach(queries: QueryClient, alerts: Alert[]): Promise<void> {
  try {
    for (const { id } of alerts) await api.POST('/api/alerts/{id}/acknowledge', at(id));
  } finally {
    await queries.invalidateQueries({ queryKey: alertKeys.all });
  }
}

/** With the kinds that this server is set up for. */
export const fetchChannels = () => dataOf(api.GET('/api/alert-channels'));

/** The key that this server's push messages are signed with, for the browser's push service. */
export const fetchPushKey = async (): Promise<string> =>
  (await dataOf(api.GET('/api/alert-channels/webpush-key'))).public_key;

/** The reply has a webhook's secret, if the server made one, only this once. */
export async function createChannel(queries: QueryClient, body: ChannelBody) {
  const made = await dataOf(api.POST('/api/alert-channels', { body }));
  void queries.invalidateQueries({ queryKey: alertKeys.channels });
  return made;
}

export async function changeChannel(queries: QueryClient, id: number, body: ChannelChange): Promise<void> {
  await api.PATCH('/api/alert-channels/{id}', { ...at(id), body });
  await queries.invalidateQueries({ queryKey: alertKeys.channels });
}

export async function deleteChannel(queries: QueryClient, id: number): Promise<void> {
  await api.DELETE('/api/alert-channels/{id}', at(id));
  await invalidate(queries, alertKeys.channels, alertKeys.rules);
}

/** @returns why it was not delivered; null when the receiver has accepted it */
export async function testChannel(queries: QueryClient, id: number): Promise<string | null> {
  const { delivered, error } = await dataOf(api.POST('/api/alert-channels/{id}/test', at(id)));
  void queries.invalidateQueries({ queryKey: alertKeys.channels });
  return delivered ? null : (error ?? '');
}

async function invalidate(queries: QueryClient, ...keys: (readonly unknown[])[]): Promise<void> {
  await Promise.all(keys.map((queryKey) => queries.invalidateQueries({ queryKey })));
}
