import { GraphDrawStyle, StackingConfigBuilder, StackingMode } from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DashboardCursorSync,
  QueryVariableBuilder,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { FIGURES } from '../../apps/api/src/figures/figures.ts';
import {
  ARCHITECTURE_VARIABLE,
  days,
  figures,
  fullest,
  hottest,
  LABEL_VARIABLE,
  OWNER_VARIABLE,
  options,
  robots,
  WORST,
} from './fleet-queries.ts';
import { column, linkToRobot } from './fleet-tables.ts';
import { type Query, SQL_SOURCE } from './query-target.ts';
import { chart, colours, FIELD, stat, table } from './robot-panels.ts';

const variable = (name: string, label: string, query: string) =>
  new QueryVariableBuilder(name)
    .label(label)
    .datasource(SQL_SOURCE)
    .query(query)
    .definition(query)
    .refresh(VariableRefresh.OnDashboardLoad)
    .multi(true)
    .includeAll(true)
    .current({ text: 'All', value: '$__all' });

/** Bars, because a line would say something about the time between two days. */
const bars = (title: string, unit: string, query: Query) =>
  chart(title, unit, FIELD, query).drawStyle(GraphDrawStyle.Bars).fillOpacity(60).min(0).interval('1d');
const stacked = (title: string, unit: string, query: Query) =>
  bars(title, unit, query).stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
const few = (title: string, unit: string, query: Query) => stat(title, unit, query).span(6);

const { temperature_c: temperature, disk_percent: disk } = FIGURES;

/** All robots, day by day, from the roll-ups, whichever store keeps the metrics. */
export const fleetDashboard = new DashboardBuilder('Robowatch fleet')
  .uid('robowatch-fleet')
  .tags(['robowatch'])
  // The days of the views begin at midnight UTC.
  .timezone('utc')
  .tooltip(DashboardCursorSync.Crosshair)
  // Roll-ups are made once an hour.
  .refresh('1h')
  .time({ from: 'now-14d', to: 'now' })
  .withVariable(variable(OWNER_VARIABLE, 'Owner', options.owners))
  .withVariable(variable(ARCHITECTURE_VARIABLE, 'Architecture', options.architectures))
  .withVariable(variable(LABEL_VARIABLE, 'Label', options.labels))
  .withPanel(few('Robots', 'short', figures.robots))
  .withPanel(
    few('Rejected', 'short', figures.rejected)
      .description('Robots whose reports are rejected.')
      .thresholds(colours(undefined, 1)),
  )
  .withPanel(few('Online', 'percentunit', figures.online).description('Share of the time, mean of all robots.'))
  .withPanel(few('Errors', 'short', figures.errors).description('Log entries of level error and worse.'))
  .withPanel(bars('Online by day', 'percentunit', days.online).max(1).description('Mean of all robots.'))
  .withPanel(bars('Robots by day', 'short', days.robots).description('Robots that were heard of.'))
  .withPanel(
    table('Hottest', hottest)
      .description(`The ${WORST} hottest robots, each on its hottest day.`)
      .withOverride(linkToRobot)
      .withOverride(column('temperature_max', 'celsius', 'Hottest sensor', temperature.limits))
      .withOverride(column('temperature_mean', 'celsius', 'Mean of the day')),
  )
  .withPanel(
    table('Fullest disks', fullest)
      .description(`The ${WORST} fullest disks, and when they are full if they grow as in the last 14 days.`)
      .withOverride(linkToRobot)
      .withOverride(column('used_percent', 'percent', 'Used', disk.limits))
      .withOverride(column('days_to_full', 'd', 'Full in'))
      .withOverride(column('growth_percent_a_day', 'percent', 'Growth a day')),
  )
  .withPanel(stacked('Log entries by day', 'short', days.logs).description('Errors: of level error and worse.'))
  .withPanel(stacked('Network by day', 'bytes', days.bytes))
  .withPanel(
    table('All robots', robots)
      .description('Figures of the time range. A name opens the robot.')
      .span(24)
      .height(12)
      .withOverride(linkToRobot)
      .withOverride(column('last_seen_at', 'dateTimeFromNow', 'Last seen'))
      .withOverride(column('online_share', 'percentunit', 'Online'))
      .withOverride(column('cpu_mean', 'percent', 'CPU, mean'))
      .withOverride(column('memory_max', 'percent', 'Memory, most', FIGURES.memory_percent.limits))
      .withOverride(column('disk_max', 'percent', 'Disk, most', disk.limits))
      .withOverride(column('temperature_max', 'celsius', 'Hottest', temperature.limits))
      .withOverride(column('error_logs', 'short', 'Errors')),
  )
  .build();
