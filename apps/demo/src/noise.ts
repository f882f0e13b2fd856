/** A pseudo-random number in [0, 1), determined by the two integers. */
export function chance(seed: number, index: number): number {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index | 0, 0xc2b2ae35);
  hash ^= Math.floor(index / 2 ** 32) | 0;
  for (const factor of [0x7feb352d, 0x846ca68b]) {
    hash = Math.imul(hash ^ (hash >>> 16), factor);
  }
  return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32;
}

/** Smooth noise between 0 and 1 that changes direction about once per period; `time` and `period` in ms. */
export function wander(seed: number, time: number, period: number): number {
  const position = time / period;
  const step = Math.floor(position);
  const share = position - step;
  const ease = share * share * (3 - 2 * share);
  return chance(seed, step) * (1 - ease) + chance(seed, step + 1) * ease;
}

const LAG_STEPS = 24;

/** Exponential moving average of a signal, with time constant `inertia` in ms. */
export function lagged(signal: (time: number) => number, time: number, inertia: number): number {
  // On a fixed grid, so that neighbouring times use the same samples and the result does not flicker.
  const step = inertia / 8;
  const newest = Math.floor(time / step) * step;
  let sum = 0;
  let weights = 0;
  for (let i = -1; i < LAG_STEPS; i++) {
    const age = time - newest + i * step;
    const weight = Math.exp(-Math.max(age, 0) / inertia) * Math.min(1, 1 + age / step, LAG_STEPS - age / step);
    if (weight <= 0) continue;
    sum += weight * signal(newest - i * step);
    weights += weight;
  }
  return sum / weights;
}

/** A counter that starts at 0 and never falls, with the rhythm of traffic. `age` in ms, `rate` per second. */
export function counter(seed: number, age: number, rate: number): number {
  const swing = (amplitude: number, period: number) => {
    const phase = chance(seed, period) * 2 * Math.PI;
    const pace = (2 * Math.PI) / period;
    return (amplitude / pace) * (Math.sin(age * pace + phase) - Math.sin(phase));
  };
  return Math.floor((rate / 1000) * (age + swing(0.5, 720_000) + swing(0.3, 97_000) + swing(0.15, 31_000)));
}
