import type { Chart } from './chart.ts';
import { filtersOf } from './filters.ts';
import { uuidOf } from './uuid-of.ts';

interface Row {
  /** In units of 8 pixels. */
  height: number;
  /** By key, from left to right; the widths of a row, in twelfths, come to 12. */
  charts: Record<string, [width: number, chart: Chart]>;
}

export interface Dashboard {
  title: string;
  slug: string;
  description: string;
  rows: Row[];
}

/**
 * Superset divides a phone's width by twelve, too. This makes the grid three times as wide as the screen, so that a third
 * of a row fits on it, and lets rows wrap; what is wider can be moved from side to side.
 */
const PHONE_CSS = `@media (max-width: 600px) {
  .dashboard { max-width: 100vw; overflow-x: hidden; }
  .dashboard-content .grid-container { flex: none; width: calc(300vw - 96px); max-width: none; }
  .grid-content .grid-row { flex-wrap: wrap; height: auto; row-gap: 16px; width: calc(100vw - 16px); overflow-x: auto; }
  .dashboard-component-chart-holder .filter-counts { display: none; }
}`;

/** Its charts by key. */
export const chartsOf = ({ rows }: Dashboard): Record<string, Chart> =>
  Object.fromEntries(rows.flatMap(({ charts }) => Object.entries(charts).map(([key, [, chart]]) => [key, chart])));

/** The file of a dashboard, as Superset exports it. */
export function dashboardFile(dashboard: Dashboard) {
  const { title, slug, description } = dashboard;
  return {
    dashboard_title: title,
    description,
    css: PHONE_CSS,
    slug,
    certified_by: 'Robowatch',
    certification_details: 'Comes with Robowatch; changes are lost when Superset is set up again',
    published: true,
    uuid: uuidOf('dashboard', slug),
    version: '1.0.0',
    is_managed_externally: true,
    position: layout(dashboard),
    metadata: {
      filter_bar_orientation: 'HORIZONTAL',
      ...{ color_scheme: 'supersetColors', cross_filters_enabled: true, refresh_frequency: 0 },
      ...{ expanded_slices: {}, timed_refresh_immune_slices: [], default_filters: '{}', label_colors: {} },
      native_filter_configuration: filtersOf(dashboard),
    },
  };
}

/** The number of a chart in the file; Superset puts its own in its place. */
export const numbersOf = (dashboard: Dashboard) =>
  new Map(Object.keys(chartsOf(dashboard)).map((key, index) => [key, index + 1]));

function layout(dashboard: Dashboard) {
  const numbers = numbersOf(dashboard);
  const rows = dashboard.rows.map((row, index) => ({ ...row, id: `ROW-${index + 1}` }));
  const parents = ['ROOT_ID', 'GRID_ID'];
  const background = { background: 'BACKGROUND_TRANSPARENT' };
  return {
    DASHBOARD_VERSION_KEY: 'v2',
    ROOT_ID: { id: 'ROOT_ID', type: 'ROOT', children: ['GRID_ID'] },
    GRID_ID: { id: 'GRID_ID', type: 'GRID', children: rows.map(({ id }) => id), parents: ['ROOT_ID'] },
    HEADER_ID: { id: 'HEADER_ID', type: 'HEADER', meta: { text: dashboard.title } },
    ...Object.fromEntries(
      rows.flatMap(({ id, height, charts }) => [
        [
          id,
          { id, type: 'ROW', children: Object.keys(charts).map((key) => `CHART-${key}`), parents, meta: background },
        ],
        ...Object.entries(charts).map(([key, [width, { title }]]) => [
          `CHART-${key}`,
          {
            ...{ id: `CHART-${key}`, type: 'CHART', children: [], parents: [...parents, id] },
            meta: { chartId: numbers.get(key), uuid: uuidOf('chart', key), sliceName: title, width, height },
          },
        ]),
      ]),
    ),
  };
}
