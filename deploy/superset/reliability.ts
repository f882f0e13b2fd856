import { FIGURES } from '../../apps/api/src/figures/index.ts';
import type { About } from './chart.ts';
import { bigNumber, byDay, hoursOfDays } from './charts.ts';
import type { Dashboard } from './dashboard.ts';
import { online } from './fleet-utilisation.ts';
import { grouped, listed } from './tables.ts';

const hot = FIGURES.temperature_c.limits;
const full = FIGURES.disk_percent.limits;
const DAYS_TO_FULL = { warning: 14, critical: 3 };
const ONLINE = { warning: 0.95, critical: 0.75 };

const about = (title: string, description: string, dataset = 'robot_days'): About => ({ title, description, dataset });

export const reliability: Dashboard = {
  title: 'Reliability',
  slug: 'robowatch-reliability',
  description: 'Which robots need somebody: silent, rejected, failing, hot, filling up. Days and hours are UTC.',
  rows: [
    {
      height: 19,
      charts: {
        'rel-silent': [
          2,
          bigNumber(
            about('Silent now', 'Ought to report, and did not for an hour or never did', 'robot_states'),
            'silent',
            'robots, for an hour or always',
          ),
        ],
        'rel-rejected': [
          2,
          bigNumber(about('Rejected now', 'Their reports are refused', 'robot_states'), 'rejected', 'robots'),
        ],
        online: [2, online],
        'rel-errors': [2, bigNumber(about('Error logs', 'Of level error and worse'), 'errors', 'in the period')],
        'rel-hottest': [2, bigNumber(about('Hottest', 'Of any sensor'), 'hottest', '°C, of any sensor')],
        'rel-full-soon': [
          2,
          bigNumber(about('Full soon', 'At their present growth', 'robot_disks'), 'full_soon', 'disks, within 14 days'),
        ],
      },
    },
    {
      height: 58,
      charts: {
        'rel-worst': [
          8,
          grouped(about('Worst robots', 'Those that were online least come first'), {
            by: ['robot', 'owner', 'robot_page'],
            metrics: ['online', 'silent_days', 'errors', 'hottest', 'highest_memory', 'fullest_disk'],
            sort: ['online', 'smallest'],
            looks: {
              online: { atMost: ONLINE },
              hottest: { atLeast: hot },
              highest_memory: { atLeast: FIGURES.memory_percent.limits },
              fullest_disk: { atLeast: full },
              errors: { bar: true },
            },
          }),
        ],
        'rel-trouble': [
          4,
          listed(
            {
              ...about('In trouble now', 'Robots that do not report, or whose reports are refused', 'robot_states'),
              where: "condition IN ('silent for an hour', 'never reported', 'reports rejected')",
            },
            {
              columns: ['robot', 'condition', 'last_seen_at', 'error_reason', 'robot_page'],
              ...{ sort: ['robot', 'smallest'], few: true },
            },
          ),
        ],
      },
    },
    {
      height: 40,
      charts: {
        'rel-online-by-day': [
          6,
          byDay(about('Online by day', 'Of the hours since pairing; days are UTC'), {
            metrics: ['online'],
            kind: 'line',
            upTo: 1,
          }),
        ],
        'rel-errors-by-day': [
          6,
          byDay(about('Error logs by day and robot', 'Of level error and worse; the robots with the most'), {
            ...{ metrics: ['errors'], kind: 'bar', by: 'robot' },
          }),
        ],
      },
    },
    {
      height: 46,
      charts: {
        'rel-heat': [
          6,
          hoursOfDays(
            about('Hottest hours', '°C, the hottest sensor of all robots in each hour, UTC', 'robot_hours'),
            'hottest',
            [40, hot.critical + 10],
          ),
        ],
        'rel-hottest-hours': [
          6,
          grouped(
            {
              ...about('Hottest hour of each robot', 'With what it computed then; UTC', 'robot_hours'),
              where: 'temperature_max IS NOT NULL',
            },
            {
              by: ['robot', 'robot_page'],
              metrics: ['hottest', 'hottest_at', 'cpu_then', 'hot_hours'],
              sort: ['hottest', 'largest'],
              looks: { hottest: { atLeast: hot } },
            },
          ),
        ],
      },
    },
    {
      height: 46,
      charts: {
        'rel-disks': [
          12,
          listed(about('Disks: when they will be full', 'By a line through the last 14 days', 'robot_disks'), {
            columns: ['robot', 'owner', 'path', 'used_percent', 'growth_percent_a_day', 'days_to_full', 'robot_page'],
            sort: ['days_to_full', 'smallest'],
            looks: {
              used_percent: { atLeast: full, format: ',.1f' },
              growth_percent_a_day: { format: '+,.2f' },
              days_to_full: { atMost: DAYS_TO_FULL, format: ',.1f' },
            },
          }),
        ],
      },
    },
  ],
};
