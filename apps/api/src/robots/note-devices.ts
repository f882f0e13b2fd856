import { audit, SYSTEM } from '../audit/index.ts';
import type { Database } from '../db/schema.ts';
import { publish } from '../events/event-bus.ts';
import { type DeviceSeen, isSame } from './device.ts';
import {
  insertNewDevices,
  isBoot,
  type KnownDevice,
  keyOf,
  lockDevices,
  noteClones,
  saveDevices,
} from './device-store.ts';

/** Returns further apart than this have nothing to do with each other. */
const WINDOW_MS = 600_000;
/** How often each of two devices must be back: a boot id is certain, but one late report makes two returns. */
const RETURNS = { boot: 2, start: 4 };

/** Notes which devices reported as these robots. Only those that were known before, and by turns, take long. */
export async function noteDevices(db: Database, trails: readonly (readonly [number, DeviceSeen[]])[]): Promise<void> {
  const single = trails.flatMap(([robotId, [device, ...more]]) =>
    device && more.length === 0 ? [{ robotId, device }] : [],
  );
  const added = single.length > 0 ? await insertNewDevices(db, single) : new Set<number>();
  for (const [id, trail] of trails) if (!added.has(id)) await noteTurns(db, id, trail);
}

/**
 * Notes which devices reported as a robot, in their order. A robot that is started again has another boot, and never the former
 * one again; where boots take turns, its card or its token was copied. Tells the owner once.
 */
async function noteTurns(db: Database, robotId: number, trail: readonly DeviceSeen[]): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const known = await lockDevices(tx, robotId);
    if (!known) return;
    const devices = trail.reduce(withReport, known);
    await saveDevices(tx, robotId, devices);
    if (!areTwo(devices)) return;
    const robot = await noteClones(tx, robotId);
    if (!robot) return;
    const seen = devices.filter(({ returns }) => returns > 0).map(({ address, booted_at }) => ({ address, booted_at }));
    await audit(tx, SYSTEM, {
      action: 'robot.cloned',
      target: { kind: 'robot', id: robot.id, name: robot.name },
      details: { devices: seen },
    });
    await publish(tx, { type: 'robot_status_changed', robot_id: robot.id, owner_id: robot.owner_id });
  });
}

const asDevice = ({ device, booted_at }: KnownDevice) => ({
  boot: isBoot(device) ? device : null,
  bootedAt: booted_at?.getTime() ?? null,
});

/** The devices after one more report. A device that is back after another one of its kind has returned. */
export function withReport(devices: KnownDevice[], seen: DeviceSeen): KnownDevice[] {
  const at = new Date(seen.at);
  const booted_at = seen.bootedAt === null ? null : new Date(seen.bootedAt);
  const known = devices.find((one) => isSame(asDevice(one), seen));
  if (!known) {
    const fresh = { device: keyOf(seen), booted_at, address: seen.address, first_seen_at: at, last_seen_at: at };
    return [...devices, { ...fresh, returns: 0, returned_at: null }];
  }
  const others = devices.filter((one) => one !== known && isBoot(one.device) === isBoot(known.device));
  const isBack = others.some(({ last_seen_at }) => last_seen_at > known.last_seen_at);
  const isSoon = known.returned_at !== null && seen.at - known.returned_at.getTime() < WINDOW_MS;
  const change = {
    ...{ address: seen.address, last_seen_at: new Date(Math.max(seen.at, known.last_seen_at.getTime())) },
    ...(isBack && { returns: isSoon ? known.returns + 1 : 1, returned_at: at }),
    ...(booted_at && isBoot(known.device) && { booted_at }),
  };
  return devices.map((one) => (one === known ? { ...known, ...change } : one));
}

/** Whether two devices of one kind were both back often enough, of late. */
export function areTwo(devices: readonly KnownDevice[]): boolean {
  const newest = Math.max(...devices.map(({ last_seen_at }) => last_seen_at.getTime()));
  const isFresh = ({ returned_at }: KnownDevice) => returned_at !== null && newest - returned_at.getTime() < WINDOW_MS;
  return [true, false].some((kind) => {
    const needed = kind ? RETURNS.boot : RETURNS.start;
    const back = devices.filter((one) => isBoot(one.device) === kind && isFresh(one) && one.returns >= needed);
    return back.length >= 2;
  });
}
