export type Random = () => number;

/** Reproducible numbers in [0, 1) for a seed (mulberry32, public domain). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const between = (random: Random, least: number, most: number) =>
  least + Math.floor(random() * (most - least + 1));
export const pick = <T>(random: Random, from: readonly T[]) => from[Math.floor(random() * from.length)] as T;
