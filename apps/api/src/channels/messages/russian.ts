import type { AlertNews } from '../news.ts';
import type { Phrases, Tally, Wording } from './phrases.ts';
import { type Clock, period, since } from './times.ts';
import { compared, durationText, levelName, type Threshold, valueText } from './values.ts';

const LABELS: Record<string, string> = {
  'cpu usage_idle': 'загрузка процессора',
  'mem used_percent': 'занято памяти',
  'mem available_percent': 'свободно памяти',
  'disk used_percent': 'занято на диске',
  'temp temp': 'температура',
  'system load1': 'нагрузка',
  'system uptime': 'время работы',
  'power_supply percent': 'заряд батареи',
  'ros_battery percent': 'заряд батареи',
  'ros_battery volt': 'напряжение батареи',
  'ros_battery temperature_c': 'температура батареи',
  'ros_diagnostics level': 'уровень диагностики',
};
const OPS = {
  '>': 'выше',
  '>=': 'не ниже',
  '<': 'ниже',
  '<=': 'не выше',
  '==': 'равно',
  '!=': 'не равно',
  changed: '',
};

const plural = new Intl.PluralRules('ru');
/** @param forms for 1, 2 and 5 */
function counted(count: number, [one, few, many]: [string, string, string]): string {
  const form = plural.select(count);
  return `${count} ${form === 'one' ? one : form === 'few' ? few : many}`;
}

function labelOf({ measurement, field, tags }: Threshold): string {
  const label = LABELS[`${measurement} ${field}`] ?? `${measurement} ${field}`;
  const values = Object.values(tags ?? {}).join(', ');
  return values ? `${label} (${values})` : label;
}

function firing({ robot: { name }, condition, value, since: at }: AlertNews, clock: Clock): Wording {
  const from = since(at, clock);
  switch (condition.kind) {
    case 'offline':
      return { title: `${name} не на связи`, text: `${name} не на связи с ${from}.` };
    case 'threshold': {
      const { op, limit, ...now } = compared(condition, value);
      if (op === 'changed') {
        const title = `${name}: изменилось значение: ${labelOf(condition)}`;
        return { title, text: `${title}. Теперь ${valueText(now.value, now, 'ru')}, замечено в ${from}.` };
      }
      const [shown, bound] = [valueText(now.value, now, 'ru'), valueText(limit, now, 'ru')];
      const title = `${name}: ${labelOf(condition)} ${value === null ? `${OPS[op]} ${bound}` : shown}`;
      if (value === null || op === '==') return { title, text: `${title} с ${from}.` };
      return { title, text: `${title}, ${OPS[op]} ${bound} с ${from}.` };
    }
    case 'log': {
      const count = typeof value === 'number' ? value : condition.count;
      const title = `${name}: ${counted(count, ['запись', 'записи', 'записей'])} в журнале`;
      const what = [condition.level && levelName(condition.level), condition.program, condition.q && `«${condition.q}»`]
        .filter(Boolean)
        .join(', ');
      return {
        title,
        text: `${title} за ${durationText(condition.window_s, 'ru')}${what ? ` (${what})` : ''}, с ${from}.`,
      };
    }
    case 'no_data': {
      const title = `${name}: нет данных ${condition.measurement}`;
      return { title, text: `${title} с ${from}.` };
    }
    case 'disk_full_in': {
      const days = typeof value === 'number' ? Math.max(0, Math.round(value)) : condition.days;
      const when = days < 1 ? 'в течение суток' : `примерно через ${counted(days, ['день', 'дня', 'дней'])}`;
      return { title: `${name}: диск почти заполнен`, text: `${name}: диск заполнится ${when}. Замечено в ${from}.` };
    }
    case 'status':
      return { title: `${name}: состояние ошибки`, text: `${name} в состоянии ошибки с ${from}.` };
    case 'clock_skew': {
      const title = `${name}: неверное время`;
      if (typeof value !== 'number') return { title, text: `${title} с ${from}.` };
      const off = durationText(Math.abs(value), 'ru');
      return { title, text: `${name}: часы ${value > 0 ? 'спешат' : 'отстают'} на ${off}, с ${from}.` };
    }
    case 'token_copied':
      return {
        title: `${name}: несколько устройств с одним токеном`,
        text: `От имени ${name} отчитываются несколько устройств, и их данные перемешаны. Замечено в ${from}.`,
      };
  }
}

function resolved({ robot: { name }, condition, since: from, resolvedAt }: AlertNews, clock: Clock): Wording {
  const when = resolvedAt ? period(from, resolvedAt, clock) : `с ${since(from, clock)}`;
  const over = (title: string, was: string): Wording => ({ title, text: `${title}. ${was} ${when}.` });
  switch (condition.kind) {
    case 'offline':
      return over(`${name} снова на связи`, 'Связи не было');
    case 'threshold': {
      const { op, limit, ...of } = compared(condition, null);
      if (op === 'changed') return over(`${name}: ${labelOf(condition)} больше не меняется`, 'Менялось');
      return over(`${name}: ${labelOf(condition)} — снова в норме`, `Было ${OPS[op]} ${valueText(limit, of, 'ru')}`);
    }
    case 'log':
      return over(`${name}: таких записей в журнале больше нет`, 'Они появлялись');
    case 'no_data':
      return over(`${name}: данные ${condition.measurement} снова поступают`, 'Их не было');
    case 'disk_full_in':
      return over(`${name}: на диске снова есть место`, 'Он заполнялся');
    case 'status':
      return over(`${name}: ошибки больше нет`, 'Она была');
    case 'clock_skew':
      return over(`${name}: часы снова идут верно`, 'Они шли неверно');
    case 'token_copied':
      return over(`${name}: снова одно устройство`, 'С одним токеном отчитывались несколько');
  }
}

function several({ robots, alerts, firing, resolved, kind, robotName, ruleNames }: Tally): string {
  const all = counted(robots, ['робот', 'робота', 'роботов']);
  if (kind === 'offline' && resolved === 0) return `${all} не на связи`;
  if (kind === 'offline' && firing === 0) return `${all} снова на связи`;
  const parts = [firing > 0 && `сработало ${firing}`, resolved > 0 && `завершилось ${resolved}`].filter(Boolean);
  const [first = counted(alerts, ['оповещение', 'оповещения', 'оповещений']), ...others] = ruleNames;
  const rules = others.length > 0 ? `${first} и ещё ${others.length}` : first;
  return `${robotName ? `${robotName}: ` : ''}${rules}: ${robotName ? parts.join(', ') : `${all} (${parts.join(', ')})`}`;
}

export const RUSSIAN: Phrases = {
  alert(news, clock) {
    if (news.what === 'resolved') return resolved(news, clock);
    const { title, text } = firing(news, clock);
    return news.what === 'firing' ? { title, text } : { title: `Всё ещё: ${title}`, text: `Напоминание: ${text}` };
  },
  channelFailing: ({ channel, since: at, error }, clock) => ({
    title: `Канал «${channel.name}» не работает`,
    text: `Оповещения не доходят до канала «${channel.name}» (${channel.kind}) с ${since(at, clock)}. Ответ при отправке: ${error}`,
  }),
  test: { title: 'Проверка канала', text: 'Канал работает: сюда будут приходить оповещения Robowatch.' },
  several,
  rule: (name) => `Правило: ${name}`,
  more: (count) => `… и ещё ${count}`,
  severity: { info: 'К сведению', warning: 'Предупреждение', critical: 'Критично' },
  toRobot: 'Открыть робота',
  toFleet: 'Открыть список роботов',
};
