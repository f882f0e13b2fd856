import type { QueryClient } from '@tanstack/vue-query';
import { api, dataOf } from '../api/client';
import type { ApiKeyScope } from '../api/types';

export const apiKeyKeys = { all: ['api-keys'] as const };

export const fetchApiKeys = () => dataOf(api.GET('/api/api-keys'));

/** @param days how long it is valid; null: until it is revoked. @returns the key, which cannot be read again */
export async function createApiKey(
  queries: QueryClient,
  { name, scope, days }: { name: string; scope: ApiKeyScope; days: number | null },
): Promise<string> {
  const expires_at = days === null ? null : new Date(Date.now() + days * 86_400_000).toISOString();
  const { key } = await dataOf(api.POST('/api/api-keys', { body: { name, scope, expires_at } }));
  void queries.invalidateQueries({ queryKey: apiKeyKeys.all });
  return key;
}

export async function revokeApiKey(queries: QueryClient, id: string): Promise<void> {
  await api.DELETE('/api/api-keys/{id}', { params: { path: { id } } });
  await queries.invalidateQueries({ queryKey: apiKeyKeys.all });
}
