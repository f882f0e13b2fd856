import { FIGURES } from '../../apps/api/src/figures/index.ts';
import type { About } from './chart.ts';
import { bigNumber, byDay } from './charts.ts';
import type { Dashboard } from './dashboard.ts';
import { grouped, type Looks } from './tables.ts';

const LOOKS: Looks = {
  hours_of_robots: { bar: true },
  cpu: { atLeast: FIGURES.cpu_percent.limits },
  memory: { atLeast: FIGURES.memory_percent.limits },
};
const USE = ['hours_of_robots', 'online', 'cpu', 'load', 'memory', 'traffic'];

const about = (title: string, description: string, dataset = 'robot_days'): About => ({ title, description, dataset });
const useBy = (what: About, by: string) =>
  grouped(what, {
    by: [by],
    metrics: ['robots', ...USE],
    sort: ['hours_of_robots', 'largest'],
    looks: LOOKS,
    few: true,
  });

/** On both dashboards. */
export const online = bigNumber(about('Online', 'Of the hours since pairing'), 'online', 'of the time since pairing');

export const fleetUtilisation: Dashboard = {
  title: 'Fleet utilisation',
  slug: 'robowatch-fleet-utilisation',
  description:
    'How much the robots are online, what they compute and send: by day, owner, architecture and label. Days are UTC.',
  rows: [
    {
      height: 19,
      charts: {
        'use-robots': [2, bigNumber(about('Robots', 'Different robots in the period'), 'robots', 'in the period')],
        online: [2, online],
        'use-hours': [
          2,
          bigNumber(about('Hours', 'Online, of all robots together'), 'hours_of_robots', 'online, of all robots'),
        ],
        'use-cpu': [2, bigNumber(about('CPU', 'Mean of all cores'), 'cpu', '%, mean of all cores')],
        'use-memory': [2, bigNumber(about('Memory', 'Mean in use'), 'memory', '%, mean in use')],
        'use-traffic': [2, bigNumber(about('Traffic', 'Over all network interfaces'), 'traffic', 'received and sent')],
      },
    },
    {
      height: 42,
      charts: {
        'use-hours-by-day': [
          8,
          byDay(about('Hours online by day and owner', 'Of all robots of each owner together; days are UTC'), {
            ...{ metrics: ['hours_of_robots'], kind: 'bar', by: 'owner' },
          }),
        ],
        'use-traffic-by-day': [
          4,
          byDay(about('Traffic by day', 'Over all network interfaces; days are UTC'), {
            ...{ metrics: ['received', 'sent'], kind: 'bar' },
          }),
        ],
      },
    },
    {
      height: 38,
      charts: {
        'use-cpu-by-day': [
          4,
          byDay(about('CPU by day', 'Mean of the robots, and the highest of any'), {
            ...{ metrics: ['cpu', 'highest_cpu'], kind: 'line', upTo: 100 },
          }),
        ],
        'use-load-by-day': [
          4,
          byDay(about('Load by day and architecture', 'Mean of runnable processes'), {
            ...{ metrics: ['load'], kind: 'line', by: 'architecture' },
          }),
        ],
        'use-memory-by-day': [
          4,
          byDay(about('Memory by day', 'Mean of the robots, and the highest of any'), {
            ...{ metrics: ['memory', 'highest_memory'], kind: 'line', upTo: 100 },
          }),
        ],
      },
    },
    {
      height: 34,
      charts: {
        'use-by-owner': [6, useBy(about('By owner', 'Click an owner to see only these robots'), 'owner')],
        'use-by-architecture': [6, useBy(about('By architecture', 'Click one to see only its robots'), 'architecture')],
      },
    },
    {
      height: 54,
      charts: {
        'use-by-label': [
          6,
          useBy(about('By label', 'A robot with several labels counts for each', 'robot_label_days'), 'label'),
        ],
        'use-by-robot': [
          6,
          grouped(about('By robot', 'Each robot, with a link to its page'), {
            ...{ by: ['robot', 'robot_page'], metrics: USE, sort: ['hours_of_robots', 'largest'], looks: LOOKS },
          }),
        ],
      },
    },
  ],
};
