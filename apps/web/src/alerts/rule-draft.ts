import type { Condition, Rule, RuleBody } from '../api/types';
import { labelTexts, splitLabel } from '../robots/labels';
import {
  asFigure,
  FIGURES,
  type FigureName,
  figureCondition,
  figureOf,
  type Op,
  type Threshold,
} from './figure-conditions';

export type { Rule, RuleBody };

/** What can be asked for, in the order of the editor's list. */
export const WHATS = [
  'offline',
  'cpu_percent',
  'memory_percent',
  'disk_percent',
  'temperature_c',
  'load1',
  'disk_full_in',
  'no_data',
  'log',
  'field',
  'clock_skew',
  'token_copied',
  'status',
] as const;
export type What = (typeof WHATS)[number];

/** A rule as it is being typed. Times are in seconds; texts are what the fields hold. */
export interface RuleDraft {
  name: string;
  enabled: boolean;
  what: What;
  after_s: number;
  days: number;
  measurement: string;
  field: string;
  /** Such as `cpu=cpu0, host=a`. */
  tags: string;
  fn: Threshold['fn'];
  window_s: number;
  op: Op;
  value: string;
  clear: string;
  /** Levels as the API takes them, such as `err,error`; empty for any. */
  level: string;
  program: string;
  q: string;
  count: number;
  above_s: number;
  scope: 'all' | 'labels' | 'robots';
  /** Such as `site:lab`. */
  labels: string[];
  robots: number[];
  for_s: number;
  resolve_for_s: number;
  severity: Rule['severity'];
  channels: number[];
  /** 0: no reminders. */
  remind_after_s: number;
}

export const freshDraft = (): RuleDraft => ({
  ...{ name: '', enabled: true, what: 'offline', after_s: 300, days: 7, measurement: '', field: '', tags: '' },
  ...{ fn: 'last', window_s: 300, op: '>=', value: '', clear: '', level: '', program: '', q: '', count: 1 },
  ...{ above_s: 60, scope: 'all', labels: [], robots: [], for_s: 0, resolve_for_s: 60, severity: 'warning' },
  ...{ channels: [], remind_after_s: 0 },
});

export const isFigure = (what: What): what is FigureName => what in FIGURES;

/** What is usual for `what`, once somebody has chosen it. */
export function usualFor(what: What): Partial<RuleDraft> {
  if (isFigure(what))
    return { op: '>=', value: String(FIGURES[what].usual), clear: '', for_s: what === 'disk_percent' ? 0 : 300 };
  if (what === 'offline' || what === 'no_data') return { after_s: 300, for_s: 0 };
  return { for_s: 0 };
}

/** What is wrong with the draft, as keys of messages; empty when it can be saved. */
export function faultsOf(draft: RuleDraft): Partial<Record<keyof RuleDraft, 'missing' | 'number' | 'tags'>> {
  const faults: ReturnType<typeof faultsOf> = {};
  if (!draft.name.trim()) faults.name = 'missing';
  if (draft.what === 'no_data' && !draft.measurement.trim()) faults.measurement = 'missing';
  if (draft.what === 'field') {
    if (!draft.measurement.trim()) faults.measurement = 'missing';
    if (!draft.field.trim()) faults.field = 'missing';
    if (draft.op !== 'changed' && !draft.value.trim()) faults.value = 'missing';
    else if (isOrder(draft.op) && numberOf(draft.value) === undefined) faults.value = 'number';
    if (tagsOf(draft.tags) === undefined) faults.tags = 'tags';
  }
  if (isFigure(draft.what) && numberOf(draft.value) === undefined) faults.value = 'number';
  if (isOrder(draft.op) && draft.clear.trim() && numberOf(draft.clear) === undefined) faults.clear = 'number';
  if (draft.scope === 'labels' && draft.labels.length === 0) faults.labels = 'missing';
  if (draft.scope === 'robots' && draft.robots.length === 0) faults.robots = 'missing';
  return faults;
}

export const isOrder = (op: Op): boolean => op === '>' || op === '>=' || op === '<' || op === '<=';

/** Also as people write it: `12,5`. */
function numberOf(text: string): number | undefined {
  const clean = text.trim().replace(',', '.');
  const value = Number(clean);
  return clean !== '' && Number.isFinite(value) ? value : undefined;
}

function tagsOf(text: string): Record<string, string> | undefined {
  const parts = text.split(',').map((part) => part.trim());
  const pairs = parts.filter(Boolean).map((part) => {
    const at = part.indexOf('=');
    return at > 0 ? ([part.slice(0, at).trim(), part.slice(at + 1).trim()] as const) : undefined;
  });
  return pairs.every((pair) => pair !== undefined) ? Object.fromEntries(pairs) : undefined;
}

/** `true`, a number, or otherwise a text, which quotes can force. */
function typedValue(text: string, op: Op): number | string | boolean {
  const clean = text.trim();
  if (!isOrder(op)) {
    if (clean === 'true' || clean === 'false') return clean === 'true';
    if (/^".*"$/.test(clean)) return clean.slice(1, -1);
  }
  return numberOf(clean) ?? clean;
}

function textOf(value: number | string | boolean | undefined): string {
  if (value === undefined) return '';
  const isAmbiguous = typeof value === 'string' && (value === '' || typedValue(value, '==') !== value);
  return isAmbiguous ? `"${value}"` : String(value);
}

/** The API's condition. @throws never; a draft with faults gives a condition that the API refuses */
export function conditionOf(draft: RuleDraft): Condition {
  const clear = isOrder(draft.op) ? numberOf(draft.clear) : undefined;
  if (isFigure(draft.what))
    return figureCondition(draft.what, { op: draft.op, value: numberOf(draft.value) ?? 0, clear_value: clear });
  switch (draft.what) {
    case 'offline':
      return { kind: 'offline', after_s: draft.after_s };
    case 'no_data':
      return { kind: 'no_data', measurement: draft.measurement.trim(), after_s: draft.after_s };
    case 'disk_full_in':
      return { kind: 'disk_full_in', days: draft.days };
    case 'log':
      return {
        ...{ kind: 'log', count: draft.count, window_s: draft.window_s },
        ...(draft.level ? { level: draft.level } : {}),
        ...(draft.program.trim() ? { program: draft.program.trim() } : {}),
        ...(draft.q.trim() ? { q: draft.q.trim() } : {}),
      };
    case 'clock_skew':
      return { kind: 'clock_skew', above_s: draft.above_s };
    case 'status':
      return { kind: 'status', status: 'error' };
    case 'token_copied':
      return { kind: 'token_copied' };
    case 'field': {
      const tags = tagsOf(draft.tags) ?? {};
      return {
        ...{ kind: 'threshold', measurement: draft.measurement.trim(), field: draft.field.trim(), fn: draft.fn },
        ...{ window_s: draft.window_s, op: draft.op },
        ...(draft.op === 'changed' ? {} : { value: typedValue(draft.value, draft.op) }),
        ...(Object.keys(tags).length > 0 ? { tags } : {}),
        ...(clear === undefined ? {} : { clear_value: clear }),
      } as Threshold;
    }
  }
}

function scopeOf({ scope, labels, robots }: RuleDraft): RuleBody['scope'] {
  if (scope === 'robots') return { robots };
  if (scope === 'all') return { all: true };
  return { labels: Object.fromEntries(labels.map(splitLabel).map(({ key, value }) => [key, value])) };
}

export const bodyOf = (draft: RuleDraft): RuleBody => ({
  name: draft.name.trim(),
  enabled: draft.enabled,
  scope: scopeOf(draft),
  condition: conditionOf(draft),
  for_s: draft.for_s,
  resolve_for_s: draft.resolve_for_s,
  severity: draft.severity,
  channels: draft.channels,
  remind_after_s: draft.remind_after_s || null,
});

/** The fields that a condition fills. */
function draftOfCondition(condition: Condition): Partial<RuleDraft> {
  switch (condition.kind) {
    case 'offline':
      return { what: 'offline', after_s: condition.after_s };
    case 'no_data':
      return { what: 'no_data', measurement: condition.measurement, after_s: condition.after_s };
    case 'disk_full_in':
      return { what: 'disk_full_in', days: condition.days };
    case 'log': {
      const { level = '', program = '', q = '', count, window_s } = condition;
      return { what: 'log', level, program, q, count, window_s };
    }
    case 'clock_skew':
      return { what: 'clock_skew', above_s: condition.above_s };
    case 'status':
    case 'token_copied':
      return { what: condition.kind };
    case 'threshold': {
      const { measurement, field, tags = {}, fn, window_s } = condition;
      const name = figureOf(condition);
      const isUsual = name && FIGURES[name].fn === fn && FIGURES[name].window_s === window_s;
      const shown = isUsual ? asFigure(condition) : condition;
      return {
        ...{ what: isUsual ? name : 'field', measurement, field, fn, window_s, op: shown.op },
        tags: Object.entries(tags)
          .map(([key, value]) => `${key}=${value}`)
          .join(', '),
        ...{ value: textOf(shown.value), clear: textOf(shown.clear_value) },
      };
    }
  }
}

/** The draft of what the API has, or suggests. */
export function draftOf(rule: RuleBody): RuleDraft {
  const { robots, labels } = rule.scope;
  return {
    ...freshDraft(),
    ...draftOfCondition(rule.condition),
    ...{ name: rule.name, enabled: rule.enabled ?? true, severity: rule.severity ?? 'warning' },
    scope: robots ? 'robots' : labels ? 'labels' : 'all',
    ...{ robots: robots ?? [], labels: labelTexts(labels ?? {}), channels: rule.channels ?? [] },
    ...{ for_s: rule.for_s ?? 0, resolve_for_s: rule.resolve_for_s ?? 0, remind_after_s: rule.remind_after_s ?? 0 },
  };
}
