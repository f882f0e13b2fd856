import { GraphDrawStyle, StackingConfigBuilder, StackingMode } from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DashboardCursorSync,
  type DynamicConfigValue,
  TextBoxVariableBuilder,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { linkToRobot } from './fleet-tables.ts';
import {
  byLevel,
  byProgram,
  byRobot,
  ENTRY_COLUMNS,
  EVERY_VALUE,
  entries,
  LEVEL_VARIABLE,
  levels,
  PROGRAM_COLUMNS,
  PROGRAM_VARIABLE,
  programs,
  ROBOT_COLUMNS,
  ROBOT_VARIABLE,
  TEXT_VARIABLE,
} from './logs-queries.ts';
import { chart, inOrder, label, table, variable } from './robot-panels.ts';
import { LOG_LIMIT, ROBOT_OPTION, robots } from './robot-queries.ts';

const several = (name: string, title: string, query: string) =>
  variable(name, title, query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue(EVERY_VALUE)
    .current({ text: 'All', value: '$__all' });
const coloured = (levelNames: string, color: string) =>
  [`/^(${levelNames})$/`, [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }]] as [
    string,
    DynamicConfigValue[],
  ];

/** Log entries of all robots, or of some. */
export const logsDashboard = new DashboardBuilder('Robowatch logs')
  .uid('robowatch-logs')
  .tags(['robowatch'])
  .timezone('browser')
  .tooltip(DashboardCursorSync.Crosshair)
  .refresh('1m')
  .time({ from: 'now-3h', to: 'now' })
  .withVariable(several(ROBOT_VARIABLE, 'Robot', robots).regex(ROBOT_OPTION))
  .withVariable(several(LEVEL_VARIABLE, 'Level', levels))
  .withVariable(several(PROGRAM_VARIABLE, 'Program', programs))
  .withVariable(new TextBoxVariableBuilder(TEXT_VARIABLE).label('Text').defaultValue(''))
  .withPanel(
    chart('Entries by level', 'short', label('level'), byLevel)
      .drawStyle(GraphDrawStyle.Bars)
      .stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'))
      .fillOpacity(60)
      .min(0)
      .span(24)
      .overrideByRegexp(...coloured('emerg|emergency|panic|fatal|alert|crit|critical|err|error', 'red'))
      .overrideByRegexp(...coloured('warning|warn', 'yellow')),
  )
  .withPanel(
    inOrder(ENTRY_COLUMNS, table('Entries', entries))
      .description(`The newest ${LOG_LIMIT} entries. A name opens the robot.`)
      .maxDataPoints(LOG_LIMIT)
      .height(16)
      .span(24)
      .withOverride(linkToRobot),
  )
  .withPanel(inOrder(PROGRAM_COLUMNS, table('Programs with most entries', byProgram)))
  .withPanel(inOrder(ROBOT_COLUMNS, table('Robots with most entries', byRobot)).withOverride(linkToRobot))
  .build();
