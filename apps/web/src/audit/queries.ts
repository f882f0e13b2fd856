import { api, dataOf } from '../api/client';

type Given<Value> = Value | (() => Value) | { readonly value: Value };

export const auditKeys = {
  list: (action: Given<string>, actor: Given<string>) => ['audit', action, actor] as const,
};

const PAGE = 50;

/** Newest first. Empty filters match everything. @param actor a user's id */
export const fetchAudit = (filter: { action: string; actor: string }, cursor?: string) => {
  const query = {
    limit: PAGE,
    cursor,
    action: filter.action || undefined,
    actor_id: Number(filter.actor) || undefined,
  };
  return dataOf(api.GET('/api/audit', { params: { query } }));
};
