/** Number of what is watched, the series' row, and the value; null for the presence of a measurement, whatever its series. */
export type ArrivedValue = [watched: number, series: number, value: number | string | boolean | null];

/** What is watched of one robot's report. Without times there was too much of it: the metrics store has to be asked. */
export interface RobotArrivals {
  robotId: number;
  /** Milliseconds since 1970, and the values of that time, one after the other in one array. */
  times?: [ms: number, values: ArrivedValue[number][]][];
}

type Packed = [robotId: number, times?: RobotArrivals['times']];

/** As short as JSON allows: there may be thousands a second. */
export const encodeArrivals = (robots: RobotArrivals[]): string =>
  JSON.stringify(robots.map(({ robotId, times }): Packed => (times ? [robotId, times] : [robotId])));

export const decodeArrivals = (body: string): RobotArrivals[] =>
  (JSON.parse(body) as Packed[]).map(([robotId, times]) => ({ robotId, times }));
