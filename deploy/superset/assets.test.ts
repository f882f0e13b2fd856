import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Chart } from './chart.ts';
import { chartsOf } from './dashboard.ts';
import { DATASETS } from './datasets.ts';
import { assetFiles, DASHBOARDS, fileOf, presentFiles } from './write-assets.ts';

/** A chart can be on several dashboards. */
const charts = Object.entries(Object.assign({}, ...DASHBOARDS.map(chartsOf)) as Record<string, Chart>);
const duplicates = (all: string[]) => all.filter((one, index) => all.indexOf(one) !== index);

it('are up to date; `npm run dashboards` generates them', () => {
  const files = assetFiles();
  expect(presentFiles().sort()).toEqual(Object.keys(files).sort());
  for (const [path, text] of Object.entries(files)) expect(readFileSync(fileOf(path), 'utf8'), path).toBe(text);
});

it('have uuids and titles of their own', () => {
  const uuids = Object.values(assetFiles()).map((text) => parse(text).uuid as string);
  for (const uuid of uuids)
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(duplicates(uuids)).toEqual([]);
  expect(duplicates(charts.map(([, { title }]) => title))).toEqual([]);
});

it('use only columns and metrics that their dataset has', () => {
  for (const [key, { dataset, query }] of charts) {
    const known = DATASETS[dataset];
    expect(known, key).toBeDefined();
    for (const metric of query.metrics) expect(Object.keys(known?.metrics ?? {}), key).toContain(metric);
    for (const column of query.columns) {
      const name = typeof column === 'string' ? column : (column as { label: string }).label;
      expect(Object.keys(known?.columns ?? {}), key).toContain(name);
    }
    for (const [by] of query.orderby) expect([...query.metrics, ...query.columns], key).toContain(by);
  }
});

it('fill the rows of the dashboards', () => {
  for (const { title, rows } of DASHBOARDS)
    for (const { charts } of rows)
      expect(
        Object.values(charts).reduce((sum, [width]) => sum + width, 0),
        title,
      ).toBe(12);
});

it('are all reached by the filters, as far as their dataset has a time, and labels through SQL', () => {
  for (const { slug } of DASHBOARDS) {
    const { metadata, position } = parse(assetFiles()[`dashboards/${slug}.yaml`] as string);
    const [period, ...choices] = metadata.native_filter_configuration;
    const excluded = new Set<number>(period.scope.excluded);
    for (const { type, meta } of Object.values(position) as { type?: string; meta?: Record<string, unknown> }[]) {
      if (type !== 'CHART') continue;
      const [, chart] = charts.find(([, { title }]) => title === meta?.sliceName) ?? [];
      const dataset = DATASETS[chart?.dataset ?? ''];
      expect(excluded.has(meta?.chartId as number), chart?.title).toBe(!dataset?.time);
      for (const { targets } of choices) {
        const { name } = targets[0].column;
        const has = name in (dataset?.columns ?? {}) || dataset?.sql?.includes(`filter_values('${name}'`);
        expect(has, `${chart?.title}: ${name}`).toBe(true);
      }
    }
  }
});
