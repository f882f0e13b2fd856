import { StackingConfigBuilder, StackingMode } from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DashboardCursorSync,
  RowBuilder,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { FIGURES } from '../../apps/api/src/figures/figures.ts';
import { chart, colours, EVERY_LABEL, FIELD, label, logEntries, stat, table, variable } from './robot-panels.ts';
import {
  anyMeasurement,
  charts,
  header,
  LOG_COLUMNS,
  LOG_LIMIT,
  logs,
  MEASUREMENT_VARIABLE,
  measurements,
  ROBOT_OPTION,
  ROBOT_VARIABLE,
  robots,
} from './robot-queries.ts';

const MEASUREMENT = `\${${MEASUREMENT_VARIABLE}}`;

const judged = ({ limits: { warning, critical } }: { limits: { warning: number; critical: number } }) =>
  colours(warning, critical);
const percent = (title: string, query: string, figure: Parameters<typeof judged>[0]) =>
  stat(title, 'percent', query).decimals(0).thresholds(judged(figure));
const percentChart = (title: string, legend: string, query: string) =>
  chart(title, 'percent', legend, query).min(0).max(100);

/** One robot, like its page in the web app, which links here. */
export const robotDashboard = new DashboardBuilder('Robowatch robot')
  .uid('robowatch-robot')
  .tags(['robowatch'])
  .timezone('browser')
  .tooltip(DashboardCursorSync.Crosshair)
  .refresh('10s')
  .time({ from: 'now-1h', to: 'now' })
  .withVariable(variable(ROBOT_VARIABLE, 'Robot', robots).regex(ROBOT_OPTION).refresh(VariableRefresh.OnDashboardLoad))
  .withVariable(
    variable(MEASUREMENT_VARIABLE, 'Other measurement', measurements).refresh(VariableRefresh.OnTimeRangeChanged),
  )
  .withPanel(stat('Robot', 'string', header.identity, '/.*/').span(9))
  .withPanel(
    stat('Last seen', 'dateTimeFromNow', header.lastSeen).description('According to the robot’s own clock.').span(3),
  )
  .withPanel(stat('Uptime', 's', header.uptime).span(3))
  .withPanel(percent('CPU now', header.cpu, FIGURES.cpu_percent).span(2))
  .withPanel(percent('Memory now', header.memory, FIGURES.memory_percent).span(2))
  .withPanel(
    percent('Disk', header.disk, FIGURES.disk_percent).description('The root disk, or the fullest one.').span(2),
  )
  .withPanel(
    stat('Temperature', 'celsius', header.temperature)
      .description('The hottest sensor.')
      .thresholds(judged(FIGURES.temperature_c))
      .span(3),
  )
  .withPanel(
    percentChart('CPU', FIELD, charts.cpu)
      .stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'))
      .fillOpacity(40),
  )
  .withPanel(percentChart('Cores', label('cpu'), charts.cores))
  .withPanel(percentChart('Memory', 'used', charts.memory))
  .withPanel(chart('Load', 'short', FIELD, charts.load).min(0))
  .withPanel(chart('Temperature of each sensor', 'celsius', label('sensor'), charts.temperature))
  .withPanel(percentChart('Disks', label('path'), charts.disk))
  .withPanel(
    chart('Network', 'Bps', `${label('interface')} ${FIELD}`, charts.net)
      .description('Counter resets after a reboot are left out.')
      .min(0),
  )
  .withPanel(chart('Uptime since the last boot', 's', 'uptime', charts.uptime).min(0))
  .withRow(new RowBuilder('Logs'))
  .withPanel(logEntries('Logs', LOG_COLUMNS, LOG_LIMIT, logs).description(`The newest ${LOG_LIMIT} entries.`))
  .withRow(new RowBuilder(`Other measurements: ${MEASUREMENT}`))
  .withPanel(
    chart(MEASUREMENT, 'short', `${FIELD} ${EVERY_LABEL}`, anyMeasurement.chart).description(
      'The last value of each window.',
    ),
  )
  .withPanel(table(`${MEASUREMENT}: newest values`, anyMeasurement.newest))
  .build();
