import type { Asked } from './as-person.ts';
import { EXPRESSIONS, sqlColumn, sqlMetric, TEMPLATES } from './hostile-expressions.ts';

export interface Attack {
  group: string;
  method?: string;
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** What there is to attack, by its numbers in Superset. */
export interface Targets {
  /** What a chart of a dashboard asks for. */
  asked: Asked;
  datasets: number[];
  chart: number;
  dashboard: number;
  /** Of others, which no user may see. */
  foreign: { chart: number; dashboard: number; dataset: number; user: number; formKey: string; permalink: string };
  filterKey: string;
  /** A port that nothing should connect to. */
  listener: number;
}

export const attacks = (targets: Targets): Attack[] => [
  ...expressions(targets),
  ...shapes(targets),
  ...costly(targets),
  ...malformed(targets),
  ...large(targets),
  ...lists(targets),
  ...elsewhere(targets),
  ...administration(targets),
];

const data = (group: string, body: object): Attack => ({ group, method: 'POST', path: '/api/v1/chart/data', body });
const first = (asked: Asked) => asked.queries[0] as Record<string, unknown>;
const changed = (asked: Asked, query: object): Asked => ({ ...asked, queries: [{ ...first(asked), ...query }] });

/** Expressions in every place of a query that takes one. */
function expressions({ asked, listener }: Targets): Attack[] {
  const all = EXPRESSIONS.map((text) => text.replace('LISTENER', String(listener)));
  const few = all.filter((_, index) => index % 4 === 0 || index > 32);
  const place = (group: string, texts: string[], query: (text: string) => object) =>
    texts.map((text) => data(group, changed(asked, query(text))));
  return [
    ...place('metrics', all, (text) => ({ columns: [], metrics: [sqlMetric(text)], orderby: [] })),
    ...place('columns', few, (text) => ({ columns: [sqlColumn(text)], metrics: [], orderby: [] })),
    ...place('names', few, (text) => ({ columns: [text], metrics: [text] })),
    ...place('order', few, (text) => ({ orderby: [[sqlMetric(text), true]] })),
    ...place('order', few, (text) => ({ orderby: [[text, true]] })),
    ...place('where', few, (text) => ({ extras: { where: `(${text}) is not null` } })),
    ...place('having', few, (text) => ({ extras: { having: `(${text}) is not null` } })),
    ...place('filters', few, (text) => ({ filters: [{ col: sqlColumn(text), op: 'IS NOT NULL' }] })),
    ...place('filters', few, (text) => ({ filters: [{ col: 'robot', op: '==', val: `' or ${text} or '` }] })),
    ...place('series', few, (text) => ({
      series_limit: 3,
      series_columns: ['robot'],
      series_limit_metric: sqlMetric(text),
    })),
    ...place('series', few, (text) => ({ series_columns: [sqlColumn(text)], columns: [sqlColumn(text)] })),
    ...place('granularity', few, (text) => ({ granularity: text })),
    ...place('templates', TEMPLATES, (text) => ({ extras: { where: `robot = '${text}' or ${text} is not null` } })),
    ...place('templates', TEMPLATES, (text) => ({ metrics: [sqlMetric(`max('${text}')`)], orderby: [] })),
    ...place('templates', TEMPLATES, (text) => ({ filters: [{ col: 'robot', op: 'NOT IN', val: [text] }] })),
    ...place('templates', TEMPLATES, (text) => ({
      time_range: text,
      filters: [{ col: 'day', op: 'TEMPORAL_RANGE', val: text }],
    })),
    ...TEMPLATES.map((text) =>
      data('templates', { ...asked, form_data: { ...asked.form_data, url_params: { x: text } } }),
    ),
  ];
}

/** Queries of another kind, or about other data, than the dashboard's. */
function shapes({ asked, datasets, chart, dashboard, foreign }: Targets): Attack[] {
  const { id } = asked.datasource;
  const of = (datasource: unknown, form: object = asked.form_data) => ({ ...asked, datasource, form_data: form });
  const robots = { columns: ['robot', 'owner'], metrics: [], orderby: [] };
  const filter = { type: 'NATIVE_FILTER', dashboardId: dashboard, native_filter_id: 'NATIVE_FILTER-owner' };
  const types = ['samples', 'query', 'columns', 'drill_detail', 'timegrains', 'results', 'post_processed', 'full'];
  const layer = { annotationType: 'EVENT', name: 'x', show: true, style: 'solid' };
  return [
    ...types.map((result_type) => data('result types', { ...asked, result_type })),
    ...types.map((result_type) =>
      data('result types', changed(asked, { result_type, columns: ['robot'], is_rowcount: true })),
    ),
    ...['csv', 'xlsx'].map((result_format) => data('exports', { ...asked, result_format })),
    ...['csv', 'xlsx', 'json'].map(
      (format): Attack => ({ group: 'exports', path: `/api/v1/chart/${chart}/data/?format=${format}&force=true` }),
    ),
    ...types.map((type): Attack => ({ group: 'saved charts', path: `/api/v1/chart/${chart}/data/?type=${type}` })),
    { group: 'saved charts', path: `/api/v1/chart/${foreign.chart}/data/` },
    ...[...datasets, foreign.dataset].flatMap((dataset) => [
      data('datasets', of({ id: dataset, type: 'table' })),
      data('datasets', { ...changed(asked, robots), datasource: { id: dataset, type: 'table' } }),
      data('datasets', of({ id: dataset, type: 'table' }, {})),
      data('datasets', of({ id: dataset, type: 'table' }, { slice_id: foreign.chart, dashboardId: foreign.dashboard })),
      data(
        'datasets',
        of({ id: dataset, type: 'table' }, { slice_id: chart, dashboardId: dashboard, parent_slice_id: chart }),
      ),
    ]),
    ...['query', 'saved_query', 'sl_table', 'view', 'semantic_view', 'dataset'].map((type) =>
      data('datasource types', of({ id, type })),
    ),
    ...["1' or '1'='1", -1, 1e9, null, [id], { id }].map((other) =>
      data('datasource types', of({ id: other, type: 'table' })),
    ),
    data('native filters', { ...changed(asked, robots), form_data: filter }),
    data('native filters', {
      ...changed(asked, { ...robots, filters: [{ col: 'robot', op: 'ILIKE', val: 'can%' }] }),
      form_data: filter,
    }),
    ...datasets.map((dataset) =>
      data('native filters', {
        ...changed(asked, robots),
        datasource: { id: dataset, type: 'table' },
        form_data: filter,
      }),
    ),
    data('native filters', {
      ...changed(asked, { metrics: [sqlMetric(EXPRESSIONS[0] as string)] }),
      form_data: filter,
    }),
    data('forms', { ...asked, form_data: { ...asked.form_data, server_pagination: true, tooltip_contents: ['day'] } }),
    data('names of robots', changed(asked, { filters: [{ col: 'robot', op: 'LIKE', val: 'can%' }] })),
    data('names of robots', changed(asked, { filters: [{ col: 'robot', op: 'ILIKE', val: '%' }] })),
    data('names of robots', changed(asked, { filters: [{ col: 'owner_id', op: '>', val: 0 }] })),
    data(
      'names of robots',
      changed(asked, { filters: [{ col: 'owner', op: 'NOT IN', val: ['nobody'] }], row_limit: 0 }),
    ),
    data('cached rows', { ...asked, force: false }),
    data('cached rows', { ...asked, force: false, custom_cache_timeout: 86_400 }),
    data('cached rows', { ...asked, force: false, user: { username: 'admin' }, username: 'admin' }),
    ...[
      layer,
      { ...layer, sourceType: 'NATIVE', value: 1 },
      { ...layer, sourceType: 'table', value: foreign.chart },
    ].map((one) => data('annotations', changed(asked, { annotation_layers: [one] }))),
    data('time shifts', changed(asked, { time_offsets: ['1 year ago'] })),
    data('time shifts', changed(asked, { time_offsets: ["1 day'; select 1"] })),
    data(
      'post-processing',
      changed(asked, { post_processing: [{ operation: 'eval', options: { expr: '__import__("os").system("id")' } }] }),
    ),
    data(
      'post-processing',
      changed(asked, {
        post_processing: [
          {
            operation: 'aggregate',
            options: { groupby: ['robot'], aggregates: { x: { operator: 'max', column: 'robot' } } },
          },
        ],
      }),
    ),
    data('post-processing', changed(asked, { post_processing: [{ operation: 'geohash_decode', options: {} }] })),
    data(
      'metrics',
      changed(asked, {
        metrics: [{ expressionType: 'SIMPLE', aggregate: 'MAX', column: { column_name: 'robot' }, label: 'x' }],
      }),
    ),
    data(
      'metrics',
      changed(asked, {
        metrics: [
          { expressionType: 'SIMPLE', aggregate: 'query_to_xml', column: { column_name: 'robot' }, label: 'x' },
        ],
      }),
    ),
  ];
}

/** What would take the memory or the time of everybody. */
export function costly({ asked, chart, dashboard }: Targets): Attack[] {
  const query = (more: object) => data('costly', changed(asked, more));
  const filter = { type: 'NATIVE_FILTER', dashboardId: dashboard, native_filter_id: 'NATIVE_FILTER-owner' };
  const after = (operation: string, options: object = {}) => query({ post_processing: [{ operation, options }] });
  const pivot = { index: ['robot'], columns: ['owner'], aggregates: { online: { operator: 'mean' } } };
  return [
    after('histogram', { column: 'online', groupby: [], bins: 1_000_000_000 }),
    after('resample', { rule: '1ns', method: 'ffill' }),
    after('rolling', { rolling_type: 'quantile', window: 1e9, columns: { online: 'online' } }),
    after('prophet', { time_grain: 'PT1S', periods: 1e9, confidence_interval: 0.8 }),
    after('cum', { columns: { online: 'online' }, operator: 'sum' }),
    after('pivot', { ...pivot, drop_missing_columns: false }),
    after('flatten'),
    after('rank', { metric: 'online' }),
    query({ post_processing: Array(500).fill({ operation: 'flatten' }) }),
    query({ row_limit: 1_000_000_000 }),
    query({ row_limit: 0 }),
    query({ row_limit: undefined }),
    query({ row_offset: 1_000_000_000 }),
    query({ series_limit: 1_000_000, series_columns: ['robot'] }),
    query({ time_offsets: Array.from({ length: 200 }, (_, days) => `${days} days ago`) }),
    query({ contribution: 'row' }),
    query({ is_timeseries: true, granularity: 'day', extras: { time_grain_sqla: 'PT1S' } }),
    query({ is_rowcount: true }),
    query({ columns: ['robot', 'owner', 'robot_page', 'architecture', 'day'] }),
    query({ inner_from_dttm: 'x', apply_fetch_values_predicate: true }),
    data('costly', { ...asked, queries: Array(5).fill({ ...first(asked), row_limit: 50_000 }) }),
    data('costly', { ...changed(asked, { columns: ['robot', 'owner'], metrics: [] }), form_data: filter }),
    data('costly', { ...changed(asked, { columns: ['robot'], metrics: [], row_limit: 50_000 }), form_data: filter }),
    { group: 'costly', path: `/api/v1/chart/${chart}/data/?force=true` },
  ];
}

/** Bodies that no page sends. */
export function malformed({ asked }: Targets): Attack[] {
  const { id } = asked.datasource;
  const form = (more: unknown) => ({ ...asked, form_data: more });
  const filters = (...all: unknown[]) => changed(asked, { filters: all });
  const bodies = [
    ...[[], null, 'x', 0, true, {}, { queries: 'x' }, { ...asked, queries: [] }, { ...asked, queries: [[]] }],
    { ...asked, queries: Array(200).fill(first(asked)) },
    ...['dataset', 'x', null, 1, ['table']].map((type) => ({ ...asked, datasource: { id, type } })),
    ...["1' or '1'='1", -1, 1e9 * 1e9, 1.5, true, null, [id], { id }].map((other) => ({
      ...asked,
      datasource: { id: other, type: 'table' },
    })),
    ...['x', null, [], { id }, { id, type: 'table', datasource: { id, type: 'table' } }].map((datasource) => ({
      ...asked,
      datasource,
    })),
    ...['{"slice_id": 1}', null, [], 1].map(form),
    ...[true, '1', 1.5, -1, null, [], {}, 2 ** 40].map((slice_id) => form({ ...asked.form_data, slice_id })),
    ...[true, '1', {}].map((dashboardId) => form({ ...asked.form_data, dashboardId })),
    ...['x : y', '2020-13-45 : now', '1 '.repeat(600), 7, ['now'], {}].flatMap((range) => [
      changed(asked, { time_range: range }),
      filters({ col: 'day', op: 'TEMPORAL_RANGE', val: range }),
    ]),
    ...['x', null, {}].map((all) => changed(asked, { filters: all })),
    ...['x', null, [], {}, { col: 'robot' }, { op: '==' }, { col: 'robot', op: 'REGEX', val: 'x' }].map((one) =>
      filters(one),
    ),
    ...['a\0b', { x: 1 }, [['x']], [{ x: 1 }], 'x'.repeat(2000), Array(2000).fill('x')].map((val) =>
      filters({ col: 'robot', op: 'IN', val }),
    ),
    ...[
      'x',
      null,
      { where: 1 },
      { where: { x: 1 } },
      { time_grain_sqla: 'x' },
      { instant_time_comparison_range: 'y' },
    ].map((extras) => changed(asked, { extras })),
    ...['x', { online: true }, [['online']], [['online', 1]], [[]], [null]].map((orderby) =>
      changed(asked, { orderby }),
    ),
    ...['csv', 'xlsx', null, 'x'].map((result_format) => ({ ...asked, result_format })),
    ...['post_processed', 'query', 'samples', null].map((result_type) => ({ ...asked, result_type })),
    ...[86_400, -1, 'x'].map((custom_cache_timeout) => ({ ...asked, custom_cache_timeout })),
    { ...asked, cache_timeout: 86_400 },
    { ...asked, force_cached: true },
    { ...asked, force: 'x' },
  ];
  const deep = `{"queries": ${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
  const headers = { 'content-type': 'application/json' };
  return [
    ...bodies.map((body) => ({ ...data('malformed', {}), body: Buffer.from(JSON.stringify(body)), headers })),
    ...[deep, '{', '', '{"queries": NaN}'].map((body) => ({
      ...data('malformed', {}),
      body: Buffer.from(body),
      headers,
    })),
    { ...data('malformed', {}), body: Buffer.from(`form_data=${encodeURIComponent(JSON.stringify(asked))}`) },
  ];
}

/** More than anybody's filters need. */
export function large({ asked, dashboard, filterKey }: Targets): Attack[] {
  const state = `/api/v1/dashboard/${dashboard}/filter_state`;
  return [
    data('large', { ...asked, form_data: { ...asked.form_data, x: 'x'.repeat(70_000) } }),
    ...[20_000, 8_000_000].map((size) => ({
      ...{ group: 'large', method: 'POST', path: `${state}?tab_id=1` },
      body: { value: 'x'.repeat(size) },
    })),
    { group: 'large', method: 'PUT', path: `${state}/${filterKey}`, body: { value: 'x'.repeat(20_000) } },
    { group: 'tabs', method: 'POST', path: `${state}?tab_id=${'1'.repeat(2000)}`, body: { value: '{}' } },
    { group: 'tabs', method: 'POST', path: `${state}?tab_id=1&tab_id=x`, body: { value: '{}' } },
  ];
}

/** Columns of lists that tell of people, and orders and filters by which they could be guessed. */
export function lists({ dashboard }: Targets): Attack[] {
  const asks = [
    ...[
      'owners.email',
      'owners.username',
      'owners.password',
      'roles.user.email',
      'changed_by.email',
      'created_by.email',
    ],
    ...['owners.last_login', 'slices.query_context', 'json_metadata', 'roles', 'slices.table.database.sqlalchemy_uri'],
  ].flatMap((column) => [`(columns:!(id,${column}))`, `(select_columns:!(${column}))`, `(order_column:${column})`]);
  const filters = [
    '(col:owners,opr:rel_m_m,value:1)',
    '(col:created_by,opr:rel_o_m,value:1)',
    '(col:owners.email,opr:sw,value:a)',
  ];
  return [
    ...[...asks, ...filters.map((one) => `(filters:!(${one}))`)].map((q) => `/api/v1/dashboard/?q=${q}`),
    '/api/v1/dashboard/?q=(page_size:100000)',
    '/api/v1/dashboard/?q=(page_size:-1)',
    '/api/v1/dashboard/?q=!(x',
    `/api/v1/dashboard/?q=${'('.repeat(2000)}`,
    '/api/v1/dashboard/_info?q=(keys:!(add_columns,edit_columns,filters,permissions))',
    '/api/v1/dashboard/_info?q=(add_columns:(owners:(page_size:100)))',
    '/api/v1/dashboard/favorite_status/?q=(x:1)',
    `/api/v1/dashboard/${dashboard}?q=(columns:!(owners.username,owners.email))`,
    `/api/v1/dashboard/${dashboard}?q=(keys:!(x),columns:!(id))`,
  ].map((path): Attack => ({ group: 'lists', path }));
}

/** Other ways to data, and whose they are. */
function elsewhere({ asked, datasets, chart, dashboard, foreign, filterKey, listener }: Targets): Attack[] {
  const get = (group: string, ...paths: string[]) => paths.map((path): Attack => ({ group, path }));
  const post = (group: string, path: string, body: unknown = {}): Attack => ({ group, method: 'POST', path, body });
  const [dataset] = datasets as [number];
  const form = encodeURIComponent(
    JSON.stringify({ slice_id: chart, datasource: `${dataset}__table`, viz_type: 'table' }),
  );
  const spoofed: Record<string, string>[] = [
    { 'x-forwarded-for': '127.0.0.1' },
    { 'x-forwarded-user': 'admin', 'remote-user': 'admin', 'x-remote-user': 'admin' },
    { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
    { 'x-forwarded-prefix': '/static/' },
    { 'x-original-url': '/api/v1/security/users/', 'x-rewrite-url': '/api/v1/security/users/' },
    { 'x-http-method-override': 'DELETE' },
    { authorization: 'Bearer x' },
    { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIiwidHlwZSI6ImFjY2VzcyIsImZyZXNoIjp0cnVlfQ.' },
    { authorization: 'Basic YWRtaW46YWRtaW4=' },
    { 'x-guesttoken': 'eyJhbGciOiJub25lIn0.eyJ1c2VyIjp7fX0.' },
    { cookie: 'session=x; superset_session=x' },
  ];
  return [
    ...spoofed.map((headers) => ({ ...data('headers', asked), headers })),
    ...spoofed.map((headers): Attack => ({ group: 'headers', path: '/api/v1/security/users/', headers })),
    ...get(
      'explore',
      `/explore/?slice_id=${chart}`,
      `/explore/?form_data_key=${foreign.formKey}`,
      `/explore/p/${foreign.permalink}/`,
      `/api/v1/explore/?slice_id=${chart}`,
      `/api/v1/explore/?datasource_id=${dataset}&datasource_type=table`,
      `/api/v1/explore/?form_data_key=${foreign.formKey}`,
      `/api/v1/explore/?permalink_key=${foreign.permalink}`,
      `/api/v1/explore/form_data/${foreign.formKey}`,
      `/api/v1/explore/permalink/${foreign.permalink}`,
    ),
    post('explore', '/api/v1/explore/form_data', { datasource_id: dataset, datasource_type: 'table', form_data: '{}' }),
    post('explore', '/api/v1/explore/permalink', { formData: { datasource: `${dataset}__table`, slice_id: chart } }),
    ...get(
      'legacy',
      '/superset/explore/',
      `/superset/explore_json/?form_data=${form}`,
      `/superset/slice/${chart}/`,
      '/superset/sqllab/',
      '/superset/welcome/',
      `/superset/dashboard/${foreign.dashboard}/`,
      '/superset/dashboard/p/x/',
      `/superset/fetch_datasource_metadata?datasourceKey=${dataset}__table`,
      '/superset/warm_up_cache/',
      '/superset/schemas/1/',
      '/superset/tables/1/public/',
      '/superset/csv/x',
      '/superset/queries/0',
      '/superset/profile/',
      '/superset/user_slices/1/',
    ),
    post('legacy', '/superset/explore_json/', {
      form_data: { datasource: `${dataset}__table`, metrics: [sqlMetric('max(robot)')] },
    }),
    ...get(
      'datasource',
      `/api/v1/datasource/table/${dataset}/column/robot/values/`,
      `/api/v1/datasource/table/${dataset}/column/owner/values/`,
      `/datasource/get/table/${dataset}/`,
      `/datasource/external_metadata/table/${dataset}/`,
      `/datasource/external_metadata_by_name/?q=(database_name:Robowatch,datasource_type:table,schema_name:public,table_name:users)`,
      '/api/v1/dataset/',
      `/api/v1/dataset/${dataset}`,
      `/api/v1/dataset/${dataset}/related_objects`,
      `/api/v1/dataset/${dataset}/drill_info/?q=(dashboard_id:${dashboard})`,
      `/api/v1/dataset/export/?q=!(${dataset})`,
      '/api/v1/dataset/related/owners',
      '/api/v1/dataset/distinct/schema',
      `/api/v1/dataset/${foreign.dataset}`,
    ),
    post('datasource', `/datasource/samples?datasource_type=table&datasource_id=${dataset}&force=true`),
    post('datasource', `/datasource/samples?datasource_type=table&datasource_id=${dataset}&dashboard_id=${dashboard}`, {
      filters: [],
    }),
    post('datasource', '/datasource/save/', { data: { id: dataset } }),
    post('datasource', '/api/v1/dataset/', {
      database: 1,
      schema: 'public',
      table_name: 'users',
      sql: 'select * from users',
    }),
    post('datasource', '/api/v1/dataset/get_or_create/', { database_id: 1, table_name: 'users' }),
    post('datasource', '/api/v1/dataset/duplicate', { base_model_id: dataset, table_name: 'x' }),
    { group: 'datasource', method: 'PUT', path: `/api/v1/dataset/${dataset}`, body: { sql: 'select * from robots' } },
    { group: 'datasource', method: 'PUT', path: `/api/v1/dataset/${dataset}/refresh` },
    { group: 'datasource', method: 'DELETE', path: `/api/v1/dataset/${dataset}` },
    ...get(
      'charts',
      '/api/v1/chart/',
      `/api/v1/chart/${foreign.chart}`,
      `/api/v1/chart/${chart}/cache_screenshot/`,
      `/api/v1/chart/${chart}/thumbnail/x/`,
      `/api/v1/chart/export/?q=!(${foreign.chart})`,
      '/api/v1/chart/related/owners',
      '/api/v1/chart/related/changed_by',
      '/api/v1/chart/_info',
      '/api/v1/chart/data/x',
    ),
    post('charts', '/api/v1/chart/', { slice_name: 'x', datasource_id: dataset, datasource_type: 'table' }),
    { group: 'charts', method: 'PUT', path: `/api/v1/chart/${chart}`, body: { query_context: '{}', owners: [] } },
    { group: 'charts', method: 'DELETE', path: `/api/v1/chart/?q=!(${chart})` },
    { group: 'charts', method: 'PUT', path: '/api/v1/chart/warm_up_cache', body: { chart_id: chart } },
    post('charts', '/api/v1/chart/import/'),
    ...get(
      'dashboards',
      `/api/v1/dashboard/${foreign.dashboard}`,
      `/api/v1/dashboard/${foreign.dashboard}/charts`,
      `/api/v1/dashboard/${foreign.dashboard}/datasets`,
      `/api/v1/dashboard/export/?q=!(${dashboard})`,
      `/api/v1/dashboard/${dashboard}/datasets`,
      `/api/v1/dashboard/${dashboard}/charts`,
      '/api/v1/dashboard/related/owners',
      '/api/v1/dashboard/related/roles',
      '/api/v1/dashboard/related/created_by',
      `/api/v1/dashboard/${dashboard}/thumbnail/x/`,
      `/api/v1/dashboard/${dashboard}/embedded`,
      `/api/v1/dashboard/permalink/${foreign.permalink}`,
      `/api/v1/dashboard/${dashboard}/filter_state/${filterKey}`,
      `/api/v1/dashboard/${foreign.dashboard}/filter_state/${filterKey}`,
      '/api/v1/dashboard/?q=(page_size:100)',
      '/api/v1/dashboard/favorite_status/?q=!(1)',
    ),
    post('dashboards', '/api/v1/dashboard/', { dashboard_title: 'x' }),
    post('dashboards', `/api/v1/dashboard/${dashboard}/copy/`, { dashboard_title: 'x', json_metadata: '{}' }),
    post('dashboards', `/api/v1/dashboard/${dashboard}/permalink`, { urlParams: [] }),
    post('dashboards', `/api/v1/dashboard/${dashboard}/embedded`, { allowed_domains: [] }),
    post('dashboards', `/api/v1/dashboard/${dashboard}/favorites/`),
    post('dashboards', `/api/v1/dashboard/${dashboard}/cache_dashboard_screenshot/`),
    post('dashboards', '/api/v1/dashboard/import/'),
    {
      group: 'dashboards',
      method: 'PUT',
      path: `/api/v1/dashboard/${dashboard}`,
      body: { roles: [], published: false },
    },
    { group: 'dashboards', method: 'PUT', path: `/api/v1/dashboard/${dashboard}/colors`, body: { label_colors: {} } },
    { group: 'dashboards', method: 'PUT', path: `/api/v1/dashboard/${dashboard}/filters`, body: { modified: [] } },
    {
      group: 'dashboards',
      method: 'PUT',
      path: `/api/v1/dashboard/${dashboard}/filter_state/${filterKey}`,
      body: { value: 'x' },
    },
    { group: 'dashboards', method: 'DELETE', path: `/api/v1/dashboard/${dashboard}` },
    ...get(
      'databases',
      '/api/v1/database/',
      '/api/v1/database/1',
      '/api/v1/database/1/connection',
      '/api/v1/database/1/schemas/',
      '/api/v1/database/1/catalogs/',
      '/api/v1/database/1/tables/?q=(schema_name:public)',
      '/api/v1/database/1/table/users/public/',
      '/api/v1/database/1/table_metadata/?name=users',
      '/api/v1/database/1/table_extra/users/public/',
      '/api/v1/database/1/select_star/users/public/',
      '/api/v1/database/1/function_names/',
      '/api/v1/database/1/related_objects/',
      '/api/v1/database/available/',
      '/api/v1/database/export/?q=!(1)',
      '/api/v1/database/1/schemas_access_for_file_upload/',
      '/api/v1/database/oauth2/?code=x&state=x',
    ),
    post('databases', '/api/v1/database/1/validate_sql/', { sql: 'select * from robots', schema: 'public' }),
    post('databases', '/api/v1/database/test_connection/', {
      sqlalchemy_uri: `postgresql://x:x@127.0.0.1:${listener}/x`,
    }),
    post('databases', '/api/v1/database/validate_parameters/', {
      engine: 'postgresql',
      parameters: { host: '127.0.0.1', port: listener },
    }),
    post('databases', '/api/v1/database/', {
      database_name: 'x',
      sqlalchemy_uri: `postgresql://x:x@127.0.0.1:${listener}/x`,
    }),
    {
      group: 'databases',
      method: 'PUT',
      path: '/api/v1/database/1',
      body: { sqlalchemy_uri: `postgresql://x:x@127.0.0.1:${listener}/x`, expose_in_sqllab: true },
    },
    post('databases', '/api/v1/database/1/upload/'),
    post('databases', '/api/v1/database/import/'),
    { group: 'databases', method: 'DELETE', path: '/api/v1/database/1' },
  ];
}

/** SQL Lab, users and the rest of the API. */
function administration({ datasets, dashboard, foreign, listener }: Targets): Attack[] {
  const get = (group: string, ...paths: string[]) => paths.map((path): Attack => ({ group, path }));
  const post = (group: string, path: string, body: unknown = {}): Attack => ({ group, method: 'POST', path, body });
  const sql = 'select robot from robot_states';
  return [
    ...get(
      'SQL Lab',
      '/sqllab/',
      '/sqllab/history/',
      '/api/v1/sqllab/',
      '/api/v1/sqllab/results/?q=(key:x)',
      '/api/v1/sqllab/export/x',
      '/api/v1/query/',
      '/api/v1/query/1',
      '/api/v1/query/updated_since?q=(last_updated_ms:0)',
      '/api/v1/saved_query/',
      '/api/v1/saved_query/1',
      '/api/v1/saved_query/export/?q=!(1)',
      '/api/v1/sqllab/permalink/x',
      '/savedqueryview/list/',
      '/tabstateview/1',
      '/api/v1/query/related/user',
    ),
    post('SQL Lab', '/api/v1/sqllab/execute/', { database_id: 1, sql, schema: 'public', client_id: 'x' }),
    post('SQL Lab', '/api/v1/sqllab/execute/', { database_id: 1, sql: `${sql}; drop table robots`, runAsync: true }),
    post('SQL Lab', '/api/v1/sqllab/estimate/', { database_id: 1, sql }),
    post('SQL Lab', '/api/v1/sqllab/format_sql/', { sql, database_id: 1, template_params: '{"x": "{{ config }}"}' }),
    post('SQL Lab', '/api/v1/sqllab/export_streaming/', { client_id: 'x' }),
    post('SQL Lab', '/api/v1/sqllab/permalink', { dbId: 1, sql, name: 'x' }),
    post('SQL Lab', '/api/v1/query/stop', { client_id: 'x' }),
    post('SQL Lab', '/api/v1/saved_query/', { db_id: 1, sql, label: 'x' }),
    post('SQL Lab', '/tabstateview/', { queryEditor: '{}' }),
    ...get(
      'users',
      '/api/v1/security/users/',
      `/api/v1/security/users/${foreign.user}`,
      '/api/v1/security/roles/',
      '/api/v1/security/roles/search/',
      '/api/v1/security/permissions/',
      '/api/v1/security/resources/',
      '/api/v1/security/permissions-resources/',
      '/api/v1/security/groups/',
      '/api/v1/security/user_registrations/',
      '/users/list/',
      '/roles/list/',
      '/users/',
      '/userinfoeditview/form',
      `/api/v1/user/${foreign.user}/avatar.png`,
      '/api/v1/me/',
      '/api/v1/me/roles/',
      '/resetpassword/form',
      '/register/',
      '/list_groups/',
    ),
    post('users', '/api/v1/security/users/', {
      username: 'x',
      password: 'x',
      roles: [1],
      email: 'x@x.x',
      first_name: 'x',
      last_name: 'x',
      active: true,
    }),
    { group: 'users', method: 'PUT', path: `/api/v1/security/users/${foreign.user}`, body: { roles: [1] } },
    {
      group: 'users',
      method: 'PUT',
      path: '/api/v1/me/',
      body: {
        first_name: 'admin',
        last_name: 'admin',
        password: 'x',
        roles: [1],
        username: 'admin',
        email: 'admin@localhost',
      },
    },
    post('users', '/api/v1/security/roles/', { name: 'x' }),
    post('users', '/api/v1/security/roles/1/permissions', { permission_view_menu_ids: [1] }),
    post('users', '/api/v1/security/login', { username: 'admin', password: 'admin', provider: 'db' }),
    post('users', '/api/v1/security/login', { username: 'admin', password: '', provider: 'ldap' }),
    post('users', '/api/v1/security/refresh'),
    post('users', '/login/', { username: 'admin', password: 'admin' }),
    ...get('users', '/oauth-authorized/other?code=x', '/login/other?next=/'),
    post('guest tokens', '/api/v1/security/guest_token/', {
      user: { username: 'x' },
      resources: [{ type: 'dashboard', id: String(dashboard) }],
      rls: [],
    }),
    ...get('guest tokens', '/embedded/x', '/api/v1/embedded_dashboard/x', '/api/v1/security/csrf_token/'),
    ...get(
      'the rest',
      '/api/v1/log/',
      '/api/v1/log/recent_activity/',
      '/logmodelview/list/',
      '/api/v1/async_event/',
      '/api/v1/tag/',
      '/api/v1/tag/get_objects/',
      '/api/v1/report/',
      '/api/v1/report/1/log/',
      '/api/v1/rowlevelsecurity/',
      '/api/v1/annotation_layer/',
      '/api/v1/annotation_layer/1/annotation/',
      '/api/v1/css_template/',
      '/api/v1/assets/export/',
      '/api/v1/available_domains/',
      '/api/v1/_openapi',
      '/swagger/v1',
      '/swaggerview/v1',
      '/api/v1/menu/',
      '/api/v1/extensions/',
      '/api/v1/task/',
      '/api/v1/theme/',
      '/dynamic-plugins/api',
      '/dashboard/list/',
      '/chart/list/',
      '/tablemodelview/list/',
      '/databaseview/list/',
      '/static/../superset_config.py',
      '/static/%2e%2e/%2e%2e/config.py',
      '/redirect/?url=https://evil.example',
    ),
    post('the rest', '/api/v1/cachekey/invalidate', { datasource_uids: datasets.map((id) => `${id}__table`) }),
    post('the rest', '/api/v1/rowlevelsecurity/', {
      name: 'x',
      clause: '1=1',
      tables: datasets,
      roles: [],
      filter_type: 'Regular',
    }),
    post('the rest', '/api/v1/report/', {
      name: 'x',
      type: 'Alert',
      database: 1,
      sql,
      crontab: '* * * * *',
      recipients: [{ type: 'Webhook', recipient_config_json: { target: `http://127.0.0.1:${listener}` } }],
    }),
    post('the rest', '/api/v1/tag/', { name: 'x', objects_to_tag: [] }),
    post('the rest', '/api/v1/annotation_layer/', { name: 'x' }),
    post('the rest', '/api/v1/css_template/', { template_name: 'x', css: 'x' }),
    post('the rest', '/api/v1/theme/', { theme_name: 'x', json_data: '{}' }),
    post('the rest', '/api/v1/assets/import/'),
    post('the rest', '/api/v1/advanced_data_type/convert?q=(type:port,values:!(x))'),
    post('the rest', '/superset/log/?explode=events', { events: '[]' }),
  ];
}
