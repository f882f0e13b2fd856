import type { Language } from '../../db/schema.ts';
import { FIGURES, type Unit, unitOf } from '../../figures/index.ts';
import type { AlertNews, Condition } from '../news.ts';

export type Threshold = Extract<Condition, { kind: 'threshold' }>;
type Value = AlertNews['value'];

/** Turned round for figures that are the rest to 100: people think of a processor's use, not of its idleness. */
const TURNED = { '>': '<', '>=': '<=', '<': '>', '<=': '>=', '==': '==', '!=': '!=', changed: 'changed' } as const;
const { measurement, field } = FIGURES.cpu_percent;
/** Whose result is a value of the field. */
const OF_VALUES: Threshold['fn'][] = ['last', 'mean', 'min', 'max'];

export interface Compared {
  measurement: string;
  field: string;
  op: Threshold['op'];
  value: Value;
  limit: Value;
}

/** What a threshold compares, as people read it: idle processor time becomes used time. */
export function compared(condition: Threshold, value: Value): Compared {
  const isIdle = condition.measurement === measurement && condition.field === field && OF_VALUES.includes(condition.fn);
  const { op, value: limit = null } = condition;
  if (!isIdle) return { measurement: condition.measurement, field: condition.field, op, value, limit };
  const rest = (one: Value) => (typeof one === 'number' ? 100 - one : one);
  return { measurement, field, op: TURNED[op], value: rest(value), limit: rest(limit) };
}

/** Levels that mean the same, by one name: `err,error,crit` is `error`. */
export function levelName(levels: string): string {
  const named = levels.split(',');
  return ['error', 'warning', 'info'].find((name) => named.length > 1 && named.includes(name)) ?? named.join(', ');
}

const GROUP: Record<Language, Intl.NumberFormat> = {
  en: new Intl.NumberFormat('en-GB', { maximumFractionDigits: 2 }),
  ru: new Intl.NumberFormat('ru', { maximumFractionDigits: 2 }),
};
const NBSP = '\u00a0';
const ELECTRIC = { volt: { en: 'V', ru: 'В' }, ampere: { en: 'A', ru: 'А' }, watt: { en: 'W', ru: 'Вт' } };
const BYTES = { en: ['B', 'KiB', 'MiB', 'GiB', 'TiB'], ru: ['Б', 'КиБ', 'МиБ', 'ГиБ', 'ТиБ'] };

/** Of a text, as much as leaves room for the other alerts of a message. */
const LONGEST = 100;
const shortened = (text: string) => (text.length > LONGEST ? `${[...text].slice(0, LONGEST).join('')}…` : text);

/** A value with its unit. */
export function valueText(value: Value, of: { measurement: string; field: string }, language: Language): string {
  if (typeof value !== 'number') return shortened(String(value));
  return numberText(value, unitOf(of.measurement, of.field), language);
}

function numberText(value: number, unit: Unit, language: Language): string {
  const text = GROUP[language].format(value);
  if (unit === 'percent') return language === 'en' ? `${text}%` : `${text}${NBSP}%`;
  if (unit === 'celsius') return `${text}${NBSP}°C`;
  if (unit === 'seconds') return durationText(value, language);
  if (unit === 'volt' || unit === 'ampere' || unit === 'watt') return `${text}${NBSP}${ELECTRIC[unit][language]}`;
  if (unit !== 'bytes') return text;
  const step = Math.max(0, Math.min(4, Math.floor(Math.log2(Math.abs(value) || 1) / 10)));
  return `${GROUP[language].format(value / 1024 ** step)}${NBSP}${BYTES[language][step]}`;
}

const UNITS = [
  [86_400, { en: 'd', ru: 'д' }],
  [3_600, { en: 'h', ru: 'ч' }],
  [60, { en: 'min', ru: 'мин' }],
  [1, { en: 's', ru: 'с' }],
] as const;

/** In the largest unit that makes at least one of it. @param seconds a duration */
export function durationText(seconds: number, language: Language): string {
  const [length, names] = UNITS.find(([length]) => Math.abs(seconds) >= length) ?? UNITS[3];
  return `${GROUP[language].format(Math.round((seconds / length) * 10) / 10)}${NBSP}${names[language]}`;
}
