import { gzipSync } from 'node:zlib';
import { flushOf } from './bodies.ts';
import type { Bodies } from './fleet-robot.ts';

/** Different bodies that are sent at the same time: more would cost the generator what it is to give the server. */
const VARIANTS = 40;
const FLUSH_S = 10;
/** One in forty robots booted an hour ago as it believes, one runs ahead. */
const SKEW_S: Record<number, number> = { 0: -3600, 1: 180 };
const LOG_EVERY = 8;

/** Gzipped reports with timestamps, made when somebody first asks for one of this second. */
export class FleetBodies implements Bodies {
  #lines = Array.from({ length: VARIANTS }, (_, variant) => linesOf(variant));
  #second = 0;
  #made = new Map<number, Buffer>();

  get(robot: number, flushes: number): Buffer {
    const variant = robot % VARIANTS;
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#second) this.#made.clear();
    this.#second = second;
    const key = flushes * VARIANTS + variant;
    const known = this.#made.get(key);
    if (known) return known;
    const newest = second + (SKEW_S[variant] ?? 0);
    const body = gzipSync(Array.from({ length: flushes }, (_, i) => this.#at(variant, newest - i * FLUSH_S)).join(''), {
      level: 1,
    });
    this.#made.set(key, body);
    return body;
  }

  #at = (variant: number, second: number) =>
    (this.#lines[variant] as string[]).map((line) => `${line} ${second}000000000\n`).join('');
}

/** Fifteen lines of metrics, and of some robots a log entry. */
function linesOf(variant: number): string[] {
  if (variant % LOG_EVERY !== 0) return flushOf();
  const entry = `syslog message="motor ${variant}: current above its limit, slowing down",level="warning",program="drive"`;
  return [...flushOf(), entry];
}
