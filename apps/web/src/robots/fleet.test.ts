import { describe, expect, it } from 'vitest';
import type { Robot } from '../api/types';
import { arrange, severityOf, stateOf, summarise } from './fleet';

const robot = (name: string, change: Partial<Robot> = {}, latest: Partial<Robot['latest']> = {}): Robot => ({
  ...{
    id: name.length,
    name,
    hostname: name,
    ip_address: null,
    architecture: 'arm64',
    status: 'active',
    online: true,
    owner: null,
  },
  ...{
    created_at: '2030-01-01T00:00:00Z',
    last_seen_at: null,
    agent_version: null,
    clock_skew_ms: 0,
    error_reason: null,
    labels: {},
    former_token_refused_at: null,
    replaced: null,
    clock_corrected: null,
    cloned: null,
    inventory: null,
    has_token: true,
  },
  latest: { cpu_percent: 1, memory_percent: 1, disk_percent: 1, temperature_c: 1, load1: 1, uptime_s: 1, ...latest },
  ...change,
});
const order = (robots: Robot[], query: Partial<Parameters<typeof arrange>[1]>) =>
  arrange(robots, { sort: 'name', descending: false, locale: 'en', ...query }).map(({ name }) => name);

it('distinguishes inactive, offline and failing robots', () => {
  expect(stateOf({ status: 'active', online: false })).toBe('offline');
  expect(stateOf({ status: 'inactive', online: true })).toBe('inactive');
  expect(stateOf({ status: 'error', online: true })).toBe('error');
  expect(stateOf({ status: 'error', online: false })).toBe('offline');
});

it('is a warning, then critical; an unknown figure is neither', () => {
  expect([69.9, 70, 80, null].map((value) => severityOf('temperature_c', value))).toEqual([
    'normal',
    'warning',
    'critical',
    'normal',
  ]);
});

it('counts conditions; an offline robot is not hot', () => {
  const robots = [
    robot('a', {}, { temperature_c: 90, disk_percent: 95 }),
    robot('b', { online: false }, { temperature_c: 90 }),
    robot('c', { status: 'error' }),
  ];
  expect(summarise(robots)).toEqual({ firing: 0, online: 2, offline: 1, hot: 1, disk_full: 1, error: 1, inactive: 0 });
});

describe('arranging', () => {
  const robots = [
    robot('rover 10', {}, { cpu_percent: 5 }),
    robot('rover 9', {}, { cpu_percent: null }),
    robot('Arm', {}, { cpu_percent: 50 }),
  ];

  it('sorts names by their numbers, and unknown values last in either direction', () => {
    expect(order(robots, {})).toEqual(['Arm', 'rover 9', 'rover 10']);
    expect(order(robots, { sort: 'cpu_percent' })).toEqual(['rover 10', 'Arm', 'rover 9']);
    expect(order(robots, { sort: 'cpu_percent', descending: true })).toEqual(['Arm', 'rover 10', 'rover 9']);
  });

  it('finds a text as a whole within one place, in any case', () => {
    expect(order(robots, { q: ' OVER 10 ' })).toEqual(['rover 10']);
    expect(order(robots, { q: 'rov 10' })).toEqual([]);
    expect(order(robots, { q: 'rover 9 rover' })).toEqual([]);
    expect(order(robots, { q: 'ARM64' })).toEqual(['Arm', 'rover 9', 'rover 10']);
    expect(order(robots, { condition: 'offline' })).toEqual([]);
  });

  it('finds robots by what their agent says of the device, those found by name first', () => {
    const inventory = {
      model: 'Raspberry Pi 5',
      os: 'Debian 12',
      kernel: '6.6.51',
      agent: '1.37.0',
      serial: '0xAbc',
      at: '',
    };
    const fleet = [robot('a', { inventory }), robot('b', { agent_version: '1.36.4' }), robot('pi c')];
    for (const q of ['raspberry pi 5', 'DEBIAN', '6.6', '1.37', '0xabc']) expect(order(fleet, { q }), q).toEqual(['a']);
    const older = robot('d', { inventory: { ...inventory, model: 'Raspberry Pi 4 Model B Rev 1.5' } });
    expect(order([...fleet, older], { q: 'Raspberry Pi 5' })).toEqual(['a']);
    expect(order(fleet, { q: 'Debian 12 6.6.51' })).toEqual([]);
    expect(order(fleet, { q: '1.36' })).toEqual(['b']);
    expect(order(fleet, { q: 'pi' })).toEqual(['pi c', 'a']);
  });

  it('finds robots by labels: all those chosen, or as a text', () => {
    const fleet = [
      robot('a', { labels: { site: 'lab', floor: '2' } }),
      robot('b', { labels: { site: 'lab' } }),
      robot('c'),
    ];
    expect(order(fleet, { labels: ['site:lab'] })).toEqual(['a', 'b']);
    expect(order(fleet, { labels: ['site:lab', 'floor:2'] })).toEqual(['a']);
    expect(order(fleet, { labels: ['site:hall'] })).toEqual([]);
    expect(order(fleet, { q: 'floor:2' })).toEqual(['a']);
  });

  it('ranks matches by name, then by hostname, then by hidden text', () => {
    const found = [
      robot('a', { ip_address: '10.0.0.7' }),
      robot('b', { hostname: 'pi-10' }),
      robot('rover 10'),
      robot('rover 9'),
    ];
    expect(order(found, { q: '10' })).toEqual(['rover 10', 'b', 'a']);
  });

  it('puts figures of offline robots last in either direction', () => {
    const fleet = [robot('off', { online: false }, { cpu_percent: 50 }), robot('c', {}, { cpu_percent: 70 })];
    const mixed = [...fleet, robot('bb', {}, { cpu_percent: 30 }), robot('none', {}, { cpu_percent: null })];
    expect(order(mixed, { sort: 'cpu_percent', descending: true })).toEqual(['c', 'bb', 'none', 'off']);
    expect(order(mixed, { sort: 'cpu_percent' })).toEqual(['bb', 'c', 'none', 'off']);
    expect(order(mixed, { sort: 'name' })).toEqual(['bb', 'c', 'none', 'off']);
  });
});
