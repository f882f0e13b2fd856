import { DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** The data source that provisioning makes for the server's own figures. */
const DATASOURCE = { type: 'prometheus', uid: 'robowatch-server' };

interface Query {
  expr: string;
  legend: string;
}

function panel(title: string, unit: string, description: string, ...queries: Query[]): PanelBuilder {
  const builder = new PanelBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .min(0)
    .fillOpacity(10)
    .height(8)
    .span(12)
    .datasource(DATASOURCE);
  for (const { expr, legend } of queries)
    builder.withTarget(new DataqueryBuilder().expr(expr).legendFormat(legend).datasource(DATASOURCE));
  return builder;
}

const rate = (metric: string) => `rate(${metric}[$__rate_interval])`;
const quantiles = (metric: string): Query[] =>
  [0.5, 0.99].map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (le) (${rate(`${metric}_bucket`)}))`,
    legend: `p${quantile * 100}`,
  }));
const mean = (metric: string): Query => ({
  expr: `sum(${rate(`${metric}_sum`)}) / sum(${rate(`${metric}_count`)})`,
  legend: 'mean',
});

/** What the server does with what robots send, from its Prometheus endpoint. */
export const serverDashboard = new DashboardBuilder('Robowatch server')
  .uid('robowatch-server')
  .tags(['robowatch'])
  .refresh('10s')
  .time({ from: 'now-1h', to: 'now' })
  .withRow(new RowBuilder('What comes in'))
  .withPanel(
    panel('Requests', 'reqps', 'Metrics requests by the status they were answered with.', {
      expr: `sum by (status) (${rate('robowatch_ingest_requests_total')})`,
      legend: '{{status}}',
    }),
  )
  .withPanel(
    panel(
      'Lines',
      'cps',
      'Lines stored, and lines refused by reason.',
      { expr: `sum(${rate('robowatch_ingest_lines_total')})`, legend: 'stored' },
      { expr: `sum by (reason) (${rate('robowatch_ingest_refused_lines_total')})`, legend: 'refused: {{reason}}' },
    ),
  )
  .withRow(new RowBuilder('How long it takes'))
  .withPanel(
    panel('Answer', 's', 'From the first byte to the answer.', ...quantiles('robowatch_ingest_request_seconds')),
  )
  .withPanel(
    panel('Store', 's', 'One gathered write to the metrics store.', ...quantiles('robowatch_store_write_seconds')),
  )
  .withPanel(
    panel('Waiting', 's', 'How long a body waits to be sent.', ...quantiles('robowatch_ingest_waiting_seconds')),
  )
  .withPanel(
    panel('Event loop', 's', 'How late the process notices what has happened.', {
      expr: 'nodejs_eventloop_lag_p99_seconds',
      legend: 'p99',
    }),
  )
  .withRow(new RowBuilder('How it is gathered'))
  .withPanel(panel('Lines in a write', 'short', 'More is better for the store.', mean('robowatch_ingest_batch_lines')))
  .withPanel(
    panel('Robots in a write', 'short', 'Bodies gathered into one write.', mean('robowatch_ingest_batch_bodies')),
  )
  .withPanel(
    panel('Waiting for the store', 'bytes', 'Beyond INGEST_MAX_PENDING_BYTES robots are answered 503.', {
      expr: 'robowatch_ingest_pending_bytes',
      legend: 'bytes',
    }),
  )
  .withPanel(
    panel(
      'Memory',
      'bytes',
      'Of the process.',
      { expr: 'process_resident_memory_bytes', legend: 'resident' },
      { expr: 'nodejs_heap_size_used_bytes', legend: 'heap' },
    ),
  )
  .build();
