import type { Query } from './chart.ts';

interface Reply {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the test is about
  body: any;
}
export interface Row {
  [column: string]: unknown;
}

/** Calls a Superset's API, as its administrator unless told otherwise. */
export async function openSuperset(url: string, password: string, username = 'admin') {
  let cookie = '';
  const headers: Record<string, string> = { referer: url };
  const call = async (method: string, path: string, body?: object): Promise<Reply> => {
    const sent = { ...headers, ...(cookie && { cookie }), ...(body && { 'content-type': 'application/json' }) };
    const reply = await fetch(`${url}${path}`, { method, headers: sent, body: body && JSON.stringify(body) });
    const set = reply.headers.getSetCookie().find((one) => one.startsWith('superset_session='));
    if (set) cookie = set.split(';')[0] as string;
    const text = await reply.text();
    return { status: reply.status, body: text.startsWith('{') ? JSON.parse(text) : text };
  };
  const login = { username, password, provider: 'db', refresh: false };
  const { body } = await call('POST', '/api/v1/security/login', login);
  headers.authorization = `Bearer ${body.access_token}`;
  headers['x-csrftoken'] = (await call('GET', '/api/v1/security/csrf_token/')).body.result;

  const list = async (kind: 'chart' | 'dashboard' | 'dataset') => {
    const reply = await call('GET', `/api/v1/${kind}/?q=(page_size:200)`);
    if (reply.status !== 200) throw new Error(JSON.stringify(reply.body));
    return reply.body.result as (Row & { id: number; uuid: string })[];
  };
  /** The rows that a saved chart gets. */
  const rowsOf = async (chart: number) => rows(await call('GET', `/api/v1/chart/${chart}/data/?force=true`));
  /** The same, with the filters of a dashboard. */
  const filtered = async (chart: number, filters: Query['filters'], period?: string) => {
    const { result } = (await call('GET', `/api/v1/chart/${chart}`)).body;
    const context = JSON.parse(result.query_context);
    for (const query of context.queries as Query[]) {
      // What is told apart by series in the end are rows before.
      delete query.post_processing;
      query.filters = [
        ...query.filters.map((one) => (one.op === 'TEMPORAL_RANGE' && period ? { ...one, val: period } : one)),
        // As a dashboard's: left aside where the dataset has no such column.
        ...filters.map((one) => ({ ...one, isExtra: true })),
      ];
    }
    return rows(await call('POST', '/api/v1/chart/data', { ...context, force: true }));
  };
  return { call, list, rowsOf, filtered };
}

function rows({ status, body }: Reply): Row[] {
  if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return body.result[0].data;
}
