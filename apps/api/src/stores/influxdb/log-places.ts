import type { LogIdentity } from './log-times.ts';

const MICROSECOND = 1000n;
export const microsecond = (time: bigint) => time - (((time % MICROSECOND) + MICROSECOND) % MICROSECOND);

/**
 * The nanoseconds that a robot's log entries take. An entry's text chooses its place within the microsecond, and if another
 * text is there already, it gets the next free one, round the microsecond first and beyond it only when that is full. To
 * find it costs the same however many entries there are of one moment.
 */
export class LogPlaces {
  /** Entries by their places, those met longest ago first. */
  readonly #taken = new Map<bigint, string>();
  readonly #byDigest = new Map<string, bigint[]>();
  readonly #byMoment = new Map<string, bigint[]>();
  /** Of a taken place: one behind it from which on the next free one is looked for. */
  readonly #next = new Map<bigint, bigint>();

  get size(): number {
    return this.#taken.size;
  }

  entries = () => this.#taken.entries();

  /** That the place has this entry. */
  set(time: bigint, digest: string): void {
    if (this.#taken.get(time) === digest) return;
    this.#taken.set(time, digest);
    this.#next.set(time, time + 1n);
    add(this.#byDigest, digest, time);
    add(this.#byMoment, momentKey(time, digest), time);
  }

  /** Where the entry is, or where there is room for it; from now on it is there. */
  place({ time, digest }: LogIdentity): bigint {
    const start = microsecond(time);
    const end = start + MICROSECOND;
    const first = start + (BigInt(Buffer.from(digest, 'base64url').readUInt32LE()) % MICROSECOND);
    const own = this.#byMoment.get(momentKey(start, digest)) ?? [];
    const found =
      this.#within(first, end, own) ??
      this.#within(start, first, own) ??
      this.#within(end, undefined, this.#own(digest));
    if (found === undefined) throw new Error('there is always a free nanosecond');
    this.set(found, digest);
    return found;
  }

  #own = (digest: string) => this.#byDigest.get(digest) ?? [];

  /** @param own places that the same text has. @returns the one met before any free place, or the first free place */
  #within(from: bigint, to: bigint | undefined, own: bigint[]): bigint | undefined {
    const free = this.#free(from);
    const limit = to !== undefined && to < free ? to : free;
    const known = own.find((time) => time >= from && time < limit);
    if (known !== undefined) return known;
    return to === undefined || free < to ? free : undefined;
  }

  /** The first free place from `from` on; the way to it is shortened for the next one. */
  #free(from: bigint): bigint {
    let free = from;
    for (let next = this.#next.get(free); next !== undefined; next = this.#next.get(free)) free = next;
    for (let at = from; at !== free; ) {
      const next = this.#next.get(at) as bigint;
      this.#next.set(at, free);
      at = next;
    }
    return free;
  }
}

const momentKey = (time: bigint, digest: string) => `${microsecond(time)} ${digest}`;

function add(map: Map<string, bigint[]>, key: string, time: bigint): void {
  const times = map.get(key);
  if (times) times.push(time);
  else map.set(key, [time]);
}
