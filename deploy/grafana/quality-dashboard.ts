import { DashboardBuilder, DashboardCursorSync, VariableRefresh } from '@grafana/grafana-foundation-sdk/dashboard';
import { column, linkToRobot } from './fleet-tables.ts';
import {
  CLOCK_OFF_MS,
  counts,
  DROPPED_COLUMNS,
  dropped,
  EVERY_VALUE,
  GAP_COLUMNS,
  gaps,
  LONGEST_STEP_S,
  lists,
  ROBOT_VARIABLE,
  reporting,
} from './quality-queries.ts';
import type { Query } from './query-target.ts';
import { chart, colours, inOrder, stat, table, variable } from './robot-panels.ts';
import { ROBOT_OPTION, robots } from './robot-queries.ts';

const count = (title: string, query: Query) =>
  stat(title, 'short', query).thresholds(colours(1)).span(8).description('All robots, now.');
const list = (title: string, query: Query) =>
  table(title, query)
    .withOverride(linkToRobot)
    .withOverride(column('last_seen_at', 'dateTimeFromNow', 'Last report'));

/** What is missing of robots' data, and why. */
export const qualityDashboard = new DashboardBuilder('Robowatch data quality')
  .uid('robowatch-quality')
  .tags(['robowatch'])
  .timezone('browser')
  .tooltip(DashboardCursorSync.Crosshair)
  .refresh('1m')
  .time({ from: 'now-6h', to: 'now' })
  .withVariable(
    variable(ROBOT_VARIABLE, 'Robot', robots)
      .regex(ROBOT_OPTION)
      .refresh(VariableRefresh.OnDashboardLoad)
      .multi(true)
      .includeAll(true)
      .allValue(EVERY_VALUE)
      .current({ text: 'All', value: '$__all' }),
  )
  .withPanel(count('Silent', counts.silent))
  .withPanel(count('Refused', counts.refused))
  .withPanel(count('Clocks off', counts.off))
  .withPanel(
    chart('Robots reporting', 'short', 'robots', reporting)
      .description('Selected robots with a report in each window, by their own clocks.')
      .min(0)
      .decimals(0),
  )
  .withPanel(
    inOrder(GAP_COLUMNS, list('Gaps', gaps))
      .description(
        `The longest silences of the selected robots, of more than ${LONGEST_STEP_S} s, by when they ended. What a robot delivered late is no gap.`,
      )
      .withOverride(column('seconds', 's', 'Silent for')),
  )
  .withPanel(
    list('Silent robots', lists.silent).description(`All robots without a report for ${LONGEST_STEP_S} s, now.`),
  )
  .withPanel(
    list('Refusals', lists.refused)
      .description('All robots whose reports are rejected, and those that used a former credential in the time range.')
      .withOverride(column('error_reason', 'string', 'Rejected because'))
      .withOverride(column('refused_at', 'dateTimeFromNow', 'Former credential')),
  )
  .withPanel(
    list('Skewed clocks', lists.off)
      .description(`All robots whose clock was off by more than ${CLOCK_OFF_MS / 1000} s in their last report.`)
      .withOverride(column('clock_skew_ms', 'ms', 'Ahead by')),
  )
  .withPanel(
    inOrder(DROPPED_COLUMNS, list('Dropped metrics', dropped)).description(
      'Points that the selected robots’ agents had to drop, because they were offline for longer than their buffer lasts.',
    ),
  )
  .build();
