import type { LogIdentity } from './log-identity.ts';

const MICROSECOND = 1000n;
export const microsecond = (time: bigint) => time - (((time % MICROSECOND) + MICROSECOND) % MICROSECOND);

/**
 * The nanoseconds occupied by a robot's log entries. The hash of an entry's text selects its nanosecond within the
 * microsecond. If that is taken, it gets the next free one: wrapping round the microsecond, and beyond it only when
 * full. The cost does not grow with the number of entries of one moment.
 */
export class LogPlaces {
  /** Entries by place, oldest insertion first. */
  readonly #taken = new Map<bigint, string>();
  readonly #byDigest = new Map<string, bigint[]>();
  readonly #byMoment = new Map<string, bigint[]>();
  /** For each taken place, a later one from which to search for the next free place. */
  readonly #next = new Map<bigint, bigint>();

  get size(): number {
    return this.#taken.size;
  }

  entries = () => this.#taken.entries();

  /** Records that the place holds this entry. */
  set(time: bigint, digest: string): void {
    if (this.#taken.get(time) === digest) return;
    this.#taken.set(time, digest);
    this.#next.set(time, time + 1n);
    add(this.#byDigest, digest, time);
    add(this.#byMoment, momentKey(time, digest), time);
  }

  /** Finds the entry's place, or assigns it one. */
  place({ time, digest }: LogIdentity): bigint {
    const start = microsecond(time);
    const end = start + MICROSECOND;
    const first = start + (BigInt(Buffer.from(digest, 'base64url').readUInt32LE()) % MICROSECOND);
    const own = this.#byMoment.get(momentKey(start, digest)) ?? [];
    const found =
      this.#within(first, end, own) ??
      this.#within(start, first, own) ??
      this.#within(end, undefined, this.#own(digest));
    if (found === undefined) throw new Error('no free nanosecond found');
    this.set(found, digest);
    return found;
  }

  #own = (digest: string) => this.#byDigest.get(digest) ?? [];

  /** @param own places of the same text. @returns the one that comes before any free place, or the first free place */
  #within(from: bigint, to: bigint | undefined, own: bigint[]): bigint | undefined {
    const free = this.#free(from);
    const limit = to !== undefined && to < free ? to : free;
    const known = own.find((time) => time >= from && time < limit);
    if (known !== undefined) return known;
    return to === undefined || free < to ? free : undefined;
  }

  /** The first free place at or after `from`. Compresses the path, so that the next search is shorter. */
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
