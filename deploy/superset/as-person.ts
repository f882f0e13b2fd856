import type { BrowserContext } from 'playwright-core';
import type { openSuperset, Row } from './client.ts';

type Administrator = Pick<Awaited<ReturnType<typeof openSuperset>>, 'call' | 'list'>;

/** What is asked for by a chart of a dashboard, as its page asks. */
export interface Asked {
  datasource: { id: number; type: string };
  form_data: Record<string, unknown>;
  queries: Record<string, unknown>[];
  [more: string]: unknown;
}

/** @returns what a chart's page sends, found with an administrator's help */
export async function asksOf({ call, list }: Administrator, chart: number, slug: string): Promise<Asked> {
  const { result } = (await call('GET', `/api/v1/chart/${chart}`)).body;
  const dashboard = (await list('dashboard')).find((one) => one.slug === slug);
  const form_data = { slice_id: chart, dashboardId: dashboard?.id };
  return { ...JSON.parse(result.query_context), form_data, force: true };
}

/** Calls Superset's API with the cookies of a browser, after opening a page of it there, which signs in. */
export async function asPerson(context: BrowserContext, headers: Record<string, string> = {}) {
  const page = await context.newPage();
  await page.goto('/dashboard/list/');
  const html = await (await context.request.get('/dashboard/list/', { headers: { accept: 'text/html' } })).text();
  const [, token = ''] = /csrf_token[^>]*value="([^"]+)"/.exec(html) ?? [];
  const referer = page.url();
  await page.close();
  const call = async (method: string, path: string, data?: unknown, more: Record<string, string> = {}) => {
    const sent = { 'x-csrftoken': token, referer, ...headers, ...more };
    const reply = await context.request.fetch(path, { method, data, headers: sent, maxRedirects: 0, timeout: 60_000 });
    return { status: reply.status(), location: reply.headers().location ?? '', text: await reply.text() };
  };
  const ask = async (asked: object) => {
    const { status, text } = await call('POST', '/api/v1/chart/data', asked);
    const rows: Row[] = status === 200 ? JSON.parse(text).result[0].data : [];
    return { status, text, rows };
  };
  return { call, ask };
}
