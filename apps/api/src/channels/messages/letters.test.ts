import { describe, expect, it } from 'vitest';
import type { AlertNews, Condition } from '../news.ts';
import { fitLines, writeLetter } from './write-letter.ts';

const now = new Date('2030-06-05T11:30:00Z');
const news = (condition: Condition, more: Partial<AlertNews> = {}): AlertNews => ({
  ...{ alertId: '7', what: 'firing', rule: { id: 3, name: 'Rule' }, robot: { id: 5, name: 'crane' } },
  ...{ severity: 'warning', value: null, since: '2030-06-05T11:03:00Z', condition, ...more },
});
const letter = (all: AlertNews[], language: 'en' | 'ru', timeZone = 'Europe/Moscow') =>
  writeLetter(all, { language, timeZone, publicUrl: 'https://robots.example', now });
const both = (one: AlertNews) => (['en', 'ru'] as const).map((language) => letter([one], language).lines[0]?.text);
const threshold = (more: object): Condition =>
  ({
    kind: 'threshold',
    measurement: 'temp',
    field: 'temp',
    fn: 'mean',
    window_s: 60,
    op: '>',
    value: 80,
    ...more,
  }) as never;
const resolved = { what: 'resolved', resolvedAt: '2030-06-05T11:20:00Z' } as const;
const offline: Condition = { kind: 'offline', after_s: 60 };

describe('a message', () => {
  it('says in English and in Russian what has happened, since when and with its unit', () => {
    expect(both(news(offline))).toEqual([
      'crane has been offline since 14:03 (UTC+3).',
      'crane не на связи с 14:03 (UTC+3).',
    ]);
    expect(both(news(offline, resolved))).toEqual([
      'crane is back online. It was offline from 14:03 to 14:20 (UTC+3).',
      'crane снова на связи. Связи не было с 14:03 до 14:20 (UTC+3).',
    ]);
    expect(both(news(threshold({}), { value: 82.456 }))).toEqual([
      'crane: temperature 82.46\u00a0°C, above 80\u00a0°C since 14:03 (UTC+3).',
      'crane: температура 82,46\u00a0°C, выше 80\u00a0°C с 14:03 (UTC+3).',
    ]);
    expect(both(news(threshold({}), resolved))[0]).toBe(
      'crane: temperature is back to normal. It was above 80\u00a0°C from 14:03 to 14:20 (UTC+3).',
    );
    expect(
      both(news(threshold({ measurement: 'battery', field: 'volt', op: '<', value: 11 }), { value: 10.5 })),
    ).toEqual([
      'crane: battery volt 10.5, below 11 since 14:03 (UTC+3).',
      'crane: battery volt 10,5, ниже 11 с 14:03 (UTC+3).',
    ]);
    expect(
      both(news(threshold({ measurement: 'arm', field: 'mode', op: '==', value: 'fault' }), { value: 'fault' })),
    ).toEqual(['crane: arm mode has been fault since 14:03 (UTC+3).', 'crane: arm mode fault с 14:03 (UTC+3).']);
    expect(both(news({ kind: 'disk_full_in', days: 7 }, { value: 3 }))).toEqual([
      'crane: the disk will be full in about 3 days. Noticed at 14:03 (UTC+3).',
      'crane: диск заполнится примерно через 3 дня. Замечено в 14:03 (UTC+3).',
    ]);
    expect(both(news({ kind: 'log', level: 'err', program: 'sshd', count: 5, window_s: 300 }, { value: 12 }))).toEqual([
      'crane: 12 log entries within 5\u00a0min (err, sshd), since 14:03 (UTC+3).',
      'crane: 12 записей в журнале за 5\u00a0мин (err, sshd), с 14:03 (UTC+3).',
    ]);
    expect(both(news({ kind: 'token_copied' }))).toEqual([
      'Several devices report as crane, so their data are mixed up. Noticed at 14:03 (UTC+3).',
      'От имени crane отчитываются несколько устройств, и их данные перемешаны. Замечено в 14:03 (UTC+3).',
    ]);
    expect(both(news({ kind: 'no_data', measurement: 'battery', after_s: 60 }, { what: 'reminder' }))).toEqual([
      'Reminder: crane: no data of battery since 14:03 (UTC+3).',
      'Напоминание: crane: нет данных battery с 14:03 (UTC+3).',
    ]);
  });

  it('speaks of the processor’s use where a rule asks for its idleness', () => {
    const idle = threshold({ measurement: 'cpu', field: 'usage_idle', op: '<', value: 10 });
    expect(both(news(idle, { value: 3 }))[0]).toBe('crane: CPU usage 97%, above 90% since 14:03 (UTC+3).');
  });

  it('names the day unless it is today, and the zone as it is at that time', () => {
    expect(letter([news(offline, { since: '2030-01-20T11:03:00Z' })], 'en', 'Europe/Berlin').lines[0]?.text).toBe(
      'crane has been offline since 12:03 on 20 Jan (UTC+1).',
    );
    expect(letter([news(offline)], 'en', 'UTC').lines[0]?.text).toContain('11:03 (UTC)');
  });

  it('about several is titled by what they share, the worst first', () => {
    const many = (count: number, more: Partial<AlertNews> = {}) =>
      Array.from({ length: count }, (_, i) => news(offline, { robot: { id: i, name: `robot ${i}` }, ...more }));
    expect(letter(many(30), 'en').title).toBe('30 robots are offline');
    expect([21, 3, 30].map((count) => letter(many(count), 'ru').title)).toEqual([
      '21 робот не на связи',
      '3 робота не на связи',
      '30 роботов не на связи',
    ]);
    expect(letter(many(2, resolved), 'ru').title).toBe('2 робота снова на связи');
    const mixed = [...many(2, resolved), news(threshold({}), { severity: 'critical', rule: { id: 4, name: 'Hot' } })];
    expect(letter(mixed, 'en')).toMatchObject({
      title: 'Hot and 1 more: 3 robots (1 firing, 2 resolved)',
      severity: 'critical',
    });
    expect(letter(mixed, 'en').lines[0]?.text).toContain('temperature');
    expect(letter(mixed, 'ru').title).toBe('Hot и ещё 1: 3 робота (сработало 1, завершилось 2)');
  });

  it('is short whatever a robot sends', () => {
    const long = news(threshold({ op: '!=', value: 'ok' }), { value: 'x'.repeat(60_000) });
    const { title, lines } = letter([long], 'en');
    expect([title.length < 300, (lines[0]?.text.length ?? 0) < 800]).toEqual([true, true]);
  });

  it('has no line breaks nor directions from names, and is cut with a count of the rest', () => {
    const evil = letter([news(offline, { robot: { id: 5, name: 'a\r\nBcc: x@y\u202e' } })], 'en');
    expect([evil.title, evil.lines[0]?.text].join()).not.toMatch(/[\r\n\u202e]/);
    const lines = Array.from({ length: 100 }, (_, i) => ({ text: `line ${i}`, url: '' }));
    const text = fitLines({ lines, more: (count) => `… ${count}` }, (one) => one.text, 50);
    expect(text.length).toBeLessThanOrEqual(50);
    const shown = text.split('\n');
    expect(shown.at(-1)).toBe(`… ${100 - (shown.length - 1)}`);
  });
});
