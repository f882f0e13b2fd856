import type { QueryClient } from '@tanstack/vue-query';
import { api, dataOf } from '../api/client';
import type { Robot, Trend } from '../api/types';
import { robotsPage } from './robots-page';

/** `one` is also the prefix of a robot's measurements, series and newest data. */
export const robotKeys = {
  all: ['robots'] as const,
  each: ['robot'] as const,
  one: <Id extends number | (() => number)>(id: Id) => ['robot', id] as const,
  found: <Q extends string | (() => string)>(q: Q) => ['robots-found', q] as const,
  demo: ['demo'] as const,
};

/** The most ids the server takes in one request. */
export const MAX_IDS = 200;
export const MAX_TREND_IDS = 100;

const at = (id: number) => ({ params: { path: { id } } });

/** Every robot the person may see. */
export async function fetchRobots(): Promise<Robot[]> {
  const robots: Robot[] = [];
  let cursor: string | undefined;
  do {
    const { path, search } = robotsPage(cursor);
    const page = await dataOf(api.GET(path, { querySerializer: () => search }));
    robots.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return robots;
}

/** What `q` is part of the name, hostname or address of; the first few. */
export const findRobots = async (q: string, limit: number): Promise<{ robots: Robot[]; hasMore: boolean }> => {
  const query = { limit, ...(q.trim() && { q: q.trim() }) };
  const { items, next_cursor } = await dataOf(api.GET('/api/robots', { params: { query } }));
  return { robots: items.filter(({ status }) => status !== 'pending'), hasMore: next_cursor !== null };
};

/** Those of `ids` that still exist. @param ids at most MAX_IDS */
export async function fetchRobotsById(ids: number[]): Promise<Robot[]> {
  return (await dataOf(api.GET('/api/robots', { params: { query: { id: ids, limit: MAX_IDS } } }))).items;
}

export const fetchRobot = (id: number) => dataOf(api.GET('/api/robots/{id}', at(id)));

/** The last hour. @param ids at most MAX_TREND_IDS */
export async function fetchTrends(ids: number[]): Promise<Trend[]> {
  return (await dataOf(api.GET('/api/robots/trends', { params: { query: { ids: ids.join() } } }))).items;
}

export async function changeRobot(
  queries: QueryClient,
  id: number,
  body: { name?: string; status?: 'active' | 'inactive'; labels?: Record<string, string> },
): Promise<void> {
  await api.PATCH('/api/robots/{id}', { ...at(id), body });
  await invalidate(queries, robotKeys.each, robotKeys.all);
}

export async function transferRobot(queries: QueryClient, id: number, ownerId: number): Promise<void> {
  await api.PATCH('/api/robots/{id}', { ...at(id), body: { owner_id: ownerId } });
  await invalidate(queries, robotKeys.one(id));
}

/** @returns the id of the robot that the newer hardware is now */
export async function undoReplacement(queries: QueryClient, id: number): Promise<number> {
  const { new_robot_id } = await dataOf(api.POST('/api/robots/{id}/undo-replacement', at(id)));
  await invalidate(queries, robotKeys.one(id), robotKeys.all);
  return new_robot_id;
}

/** No device has a token of the robot afterwards. */
export async function endToken(queries: QueryClient, id: number): Promise<void> {
  await api.POST('/api/robots/{id}/end-token', at(id));
  await invalidate(queries, robotKeys.one(id), robotKeys.all);
}

/** @returns the new token, which the server shows only this once */
export async function rotateToken(id: number): Promise<string> {
  return (await dataOf(api.POST('/api/robots/{id}/token', at(id)))).influxdb_token;
}

/** Call `forgetRobot` once its page is closed; before, that page would request the deleted robot again. */
export async function deleteRobot(id: number): Promise<void> {
  await api.DELETE('/api/robots/{id}', at(id));
}

export async function forgetRobot(queries: QueryClient, id: number): Promise<void> {
  queries.removeQueries({ queryKey: robotKeys.one(id) });
  await invalidate(queries, robotKeys.all);
}

export const fetchDemo = () => dataOf(api.GET('/api/demo', {}));

export async function addDemo(queries: QueryClient): Promise<void> {
  await api.POST('/api/demo', {});
  await invalidate(queries, robotKeys.demo, robotKeys.all);
}

export async function removeDemo(queries: QueryClient): Promise<void> {
  await api.DELETE('/api/demo', {});
  await invalidate(queries, robotKeys.demo, robotKeys.all);
}

async function invalidate(queries: QueryClient, ...keys: (readonly unknown[])[]): Promise<void> {
  await Promise.all(keys.map((queryKey) => queries.invalidateQueries({ queryKey })));
}
