import type { AlertNews } from '../news.ts';
import type { Phrases, Tally, Wording } from './phrases.ts';
import { type Clock, period, since } from './times.ts';
import { compared, durationText, levelName, type Threshold, valueText } from './values.ts';

const LABELS: Record<string, string> = {
  'cpu usage_idle': 'CPU usage',
  'mem used_percent': 'memory used',
  'mem available_percent': 'memory available',
  'disk used_percent': 'disk used',
  'temp temp': 'temperature',
  'system load1': 'load',
  'system uptime': 'uptime',
  'power_supply percent': 'battery charge',
  'ros_battery percent': 'battery charge',
  'ros_battery volt': 'battery voltage',
  'ros_battery temperature_c': 'battery temperature',
  'ros_diagnostics level': 'level of diagnostics',
};
const OPS = {
  '>': 'above',
  '>=': 'at least',
  '<': 'below',
  '<=': 'at most',
  '==': 'equal to',
  '!=': 'other than',
  changed: '',
};

/** What is measured: `temperature`, `disk used (/)`, `battery volt`. */
function labelOf({ measurement, field, tags }: Threshold): string {
  const label = LABELS[`${measurement} ${field}`] ?? `${measurement} ${field}`;
  const values = Object.values(tags ?? {}).join(', ');
  return values ? `${label} (${values})` : label;
}

function firing({ robot: { name }, condition, value, since: at }: AlertNews, clock: Clock): Wording {
  const from = since(at, clock);
  switch (condition.kind) {
    case 'offline':
      return { title: `${name} is offline`, text: `${name} has been offline since ${from}.` };
    case 'threshold': {
      const { op, limit, ...now } = compared(condition, value);
      if (op === 'changed') {
        const title = `${name}: ${labelOf(condition)} has changed`;
        return { title, text: `${title}, to ${valueText(now.value, now, 'en')}, at ${from}.` };
      }
      const [shown, bound] = [valueText(now.value, now, 'en'), valueText(limit, now, 'en')];
      const title = `${name}: ${labelOf(condition)} ${value === null ? `${OPS[op]} ${bound}` : shown}`;
      if (value === null) return { title, text: `${title} since ${from}.` };
      if (op === '==') return { title, text: `${name}: ${labelOf(condition)} has been ${shown} since ${from}.` };
      return { title, text: `${title}, ${OPS[op]} ${bound} since ${from}.` };
    }
    case 'log': {
      const count = typeof value === 'number' ? value : condition.count;
      const title = `${name}: ${count} log ${count === 1 ? 'entry' : 'entries'}`;
      const what = [condition.level && levelName(condition.level), condition.program, condition.q && `“${condition.q}”`]
        .filter(Boolean)
        .join(', ');
      const within = durationText(condition.window_s, 'en');
      return { title, text: `${title} within ${within}${what ? ` (${what})` : ''}, since ${from}.` };
    }
    case 'no_data': {
      const title = `${name}: no data of ${condition.measurement}`;
      return { title, text: `${title} since ${from}.` };
    }
    case 'disk_full_in': {
      const days = typeof value === 'number' ? Math.max(0, Math.round(value)) : condition.days;
      const when = days < 1 ? 'within a day' : `in about ${days} ${days === 1 ? 'day' : 'days'}`;
      return {
        title: `${name}: disk nearly full`,
        text: `${name}: the disk will be full ${when}. Noticed at ${from}.`,
      };
    }
    case 'status':
      return { title: `${name} is in the error state`, text: `${name} has been in the error state since ${from}.` };
    case 'clock_skew': {
      const title = `${name}: wrong clock`;
      if (typeof value !== 'number') return { title, text: `${title} since ${from}.` };
      const off = durationText(Math.abs(value), 'en');
      return { title, text: `${name}: the clock is ${off} ${value > 0 ? 'ahead' : 'behind'}, since ${from}.` };
    }
    case 'token_copied':
      return {
        title: `${name}: several devices with one token`,
        text: `Several devices report as ${name}, so their data are mixed up. Noticed at ${from}.`,
      };
  }
}

function resolved({ robot: { name }, condition, since: from, resolvedAt }: AlertNews, clock: Clock): Wording {
  const when = resolvedAt ? period(from, resolvedAt, clock) : `since ${since(from, clock)}`;
  const over = (title: string, was: string): Wording => ({ title, text: `${title}. ${was} ${when}.` });
  switch (condition.kind) {
    case 'offline':
      return over(`${name} is back online`, 'It was offline');
    case 'threshold': {
      const { op, limit, ...of } = compared(condition, null);
      if (op === 'changed') return over(`${name}: ${labelOf(condition)} stays as it is`, 'It had changed');
      return over(
        `${name}: ${labelOf(condition)} is back to normal`,
        `It was ${OPS[op]} ${valueText(limit, of, 'en')}`,
      );
    }
    case 'log':
      return over(`${name}: those log entries have stopped`, 'They came');
    case 'no_data':
      return over(`${name}: ${condition.measurement} sends data again`, 'There was none');
    case 'disk_full_in':
      return over(`${name}: the disk has room again`, 'It was filling up');
    case 'status':
      return over(`${name} is no longer in the error state`, 'It was');
    case 'clock_skew':
      return over(`${name}: the clock is right again`, 'It was wrong');
    case 'token_copied':
      return over(`${name}: one device again`, 'Several reported with one token');
  }
}

function several({ robots, alerts, firing, resolved, kind, robotName, ruleNames }: Tally): string {
  const all = `${robots} ${robots === 1 ? 'robot' : 'robots'}`;
  const are = robots === 1 ? 'is' : 'are';
  if (kind === 'offline' && resolved === 0) return `${all} ${are} offline`;
  if (kind === 'offline' && firing === 0) return `${all} ${are} back online`;
  const parts = [firing > 0 && `${firing} firing`, resolved > 0 && `${resolved} resolved`].filter(Boolean).join(', ');
  const [first = `${alerts} alerts`, ...others] = ruleNames;
  const rules = others.length > 0 ? `${first} and ${others.length} more` : first;
  return `${robotName ? `${robotName}: ` : ''}${rules}: ${robotName ? parts : `${all} (${parts})`}`;
}

export const ENGLISH: Phrases = {
  alert(news, clock) {
    if (news.what === 'resolved') return resolved(news, clock);
    const { title, text } = firing(news, clock);
    return news.what === 'firing' ? { title, text } : { title: `Still: ${title}`, text: `Reminder: ${text}` };
  },
  channelFailing: ({ channel, since: at, error }, clock) => ({
    title: `The channel “${channel.name}” does not work`,
    text: `Alerts have not reached the channel “${channel.name}” (${channel.kind}) since ${since(at, clock)}. ${error}`,
  }),
  test: { title: 'Test message', text: 'This channel works: alerts from Robowatch will arrive here.' },
  several,
  rule: (name) => `Rule: ${name}`,
  more: (count) => `… and ${count} more`,
  severity: { info: 'Info', warning: 'Warning', critical: 'Critical' },
  toRobot: 'Open the robot',
  toFleet: 'Open the fleet',
};
