import { GraphDrawStyle } from '@grafana/grafana-foundation-sdk/common';
import { DashboardBuilder, DashboardCursorSync } from '@grafana/grafana-foundation-sdk/dashboard';
import { FIGURES } from '../../apps/api/src/figures/figures.ts';
import { column, linkToRobot } from './fleet-tables.ts';
import { own } from './own-fleet-queries.ts';
import { chart, colours, EVERY_LABEL, FIELD, stat, table } from './robot-panels.ts';

const few = (title: string, query: string) => stat(title, 'short', query).span(6);
const bars = (title: string, unit: string, query: string) =>
  chart(title, unit, FIELD, query).drawStyle(GraphDrawStyle.Bars).fillOpacity(60).min(0).interval('1d');

/** In the users' organisation, under the name that the fleet has in the administrators': only what is one's own. */
export const ownFleetDashboard = new DashboardBuilder('Robowatch fleet')
  .uid('robowatch-fleet')
  .tags(['robowatch'])
  // Roll-ups' days begin at midnight UTC.
  .timezone('utc')
  .tooltip(DashboardCursorSync.Crosshair)
  .refresh('1m')
  .time({ from: 'now-14d', to: 'now' })
  .withPanel(few('Robots', own.robots))
  .withPanel(few('Online', own.online).description('Robots that report now.'))
  .withPanel(
    few('Rejected', own.rejected).description('Robots whose reports are rejected.').thresholds(colours(undefined, 1)),
  )
  .withPanel(few('Errors', own.errors).description('Log entries of level error and worse.'))
  .withPanel(bars('Online by day', 'percentunit', own.onlineByDay).max(1).description('Mean of your robots.'))
  .withPanel(
    chart('Hottest by day', FIGURES.temperature_c.unit, EVERY_LABEL, own.hottestByDay).spanNulls(true).interval('1d'),
  )
  .withPanel(bars('Errors by day', 'short', own.errorsByDay))
  .withPanel(bars('Sent by day', 'bytes', own.sentByDay))
  .withPanel(
    table('Your robots', own.all)
      .description('A name opens the robot.')
      .span(24)
      .height(12)
      .withOverride(linkToRobot)
      .withOverride(column('last_seen', 'dateTimeFromNow', 'Last seen'))
      .withOverride(column('online', 'bool_yes_no', 'Online')),
  )
  .build();
