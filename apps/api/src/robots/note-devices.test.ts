import { describe, expect, it } from 'vitest';
import { type DeviceSeen, withSighting } from './device.ts';
import type { KnownDevice } from './device-store.ts';
import { areTwo, withReport } from './note-devices.ts';

const START = Date.UTC(2026, 0, 1);
const A = 'a'.repeat(32);
const B = 'b'.repeat(32);
const MINUTE = 60_000;
const report = (minute: number, boot: string | null, bootedAt: number | null = null): DeviceSeen => ({
  ...{ at: START + minute * MINUTE, boot, bootedAt: bootedAt === null ? null : START + bootedAt * MINUTE },
  address: '192.0.2.1',
});
/** Whether it was noticed after each report. */
const noticed = (reports: DeviceSeen[]) => {
  let devices: KnownDevice[] = [];
  return reports.map((one) => {
    devices = withReport(devices, one);
    return areTwo(devices);
  });
};

describe('devices that tell their boot', () => {
  it('are two when both are back twice', () => {
    expect(noticed([A, B, A, B, A, B].map((boot, i) => report(i, boot)))).toEqual([
      ...[false, false, false, false, false, true],
    ]);
  });

  it('are one that was started again, however often, even if a report of before comes late', () => {
    const boots = Array.from({ length: 30 }, (_, i) => report(i, String(i).padStart(32, '0')));
    expect(noticed(boots)).not.toContain(true);
    expect(noticed([A, A, B, A, B, B, B, B].map((boot, i) => report(i, boot)))).not.toContain(true);
  });

  it('are not two because of reports that come late now and then', () => {
    const rarely = [A, B, A, B, A, B, A, B].map((boot, i) => report(i * 20, boot));
    expect(noticed(rarely)).not.toContain(true);
  });
});

describe('devices whose uptime alone tells', () => {
  it('are two when both are back four times', () => {
    const turns = Array.from({ length: 12 }, (_, i) => report(i / 2, null, i % 2 ? -500 : -20));
    expect(noticed(turns).indexOf(true)).toBe(9);
  });

  it('are one while its clock is set back and forth, within what counts as live', () => {
    const turns = Array.from({ length: 40 }, (_, i) => report(i / 4, null, i % 2 ? -500 : -496));
    expect(noticed(turns)).not.toContain(true);
  });

  it('are not compared with boots: both are of one device', () => {
    const turns = Array.from({ length: 40 }, (_, i) => report(i / 4, i % 2 ? A : null, i % 2 ? null : -500));
    expect(noticed(turns)).not.toContain(true);
  });
});

it('the trail of a device has it once, and is bounded', () => {
  let trail: DeviceSeen[] = [];
  for (let i = 0; i < 10; i++) trail = withSighting(trail, report(i, A));
  expect(trail.map(({ at }) => at)).toEqual([START + 9 * MINUTE]);
  for (let i = 0; i < 100; i++) trail = withSighting(trail, report(i, i % 2 ? A : B));
  expect(trail).toHaveLength(6);
});
