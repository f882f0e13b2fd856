import { flux } from '@influxdata/influxdb-client';
import type { FieldType } from '../../figures/index.ts';
import type { InfluxClient } from '../influxdb/client.ts';
import { ownTags } from '../influxdb/flux.ts';
import { microsecond } from '../influxdb/log-places.ts';
import { entriesOf, nanoseconds, parseNanoseconds } from '../influxdb/logs.ts';
import type { CopiedEntry, CopiedPoint, CopySource } from './source.ts';

const TYPES: Record<string, FieldType> = {
  ...{ double: 'float', long: 'integer', unsignedLong: 'unsigned', boolean: 'boolean', string: 'string' },
};

/** The points that InfluxDB keeps. */
export const influxSource = (client: InfluxClient): CopySource => ({
  points: (robotId, { from, to }) =>
    client.query(
      flux`from(bucket: ${client.bucket})
        |> range(start: ${nanoseconds(from)}, stop: ${nanoseconds(to)})
        |> filter(fn: (r) => r.robot_id == ${String(robotId)} and r._measurement != "syslog")`,
      (cell, value, columns, dataType): CopiedPoint => {
        const type = TYPES[dataType] ?? 'string';
        return {
          ...{ measurement: cell('_measurement'), tags: ownTags(columns, cell), field: cell('_field') },
          ...{ time: parseNanoseconds(cell('_time')), type },
          value: type === 'boolean' || type === 'float' ? (value() as number | boolean) : cell('_value'),
        };
      },
    ),
  entries: (robotId, { from, to }) =>
    client.query(flux`${entriesOf(client, robotId, from, to)}`, (cell, _value, columns): CopiedEntry => {
      const { message, level, program, ...tags } = ownTags(columns, cell);
      return {
        // The nanoseconds only keep entries apart.
        ...{ tags, time: microsecond(parseNanoseconds(cell('_time'))) },
        ...{ level: level ?? '', program: program ?? '', message: message ?? '' },
      };
    }),
});
