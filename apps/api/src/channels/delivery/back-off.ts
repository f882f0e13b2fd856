const FIRST_S = 5;
const LONGEST_S = 600;

/** Seconds to wait after that many failures in a row: twice as long each time, up to ten minutes, spread by half. */
export const backOff = (failures: number, random = Math.random()) =>
  Math.min(LONGEST_S, FIRST_S * 2 ** Math.min(failures - 1, 20)) * (0.75 + random / 2);
