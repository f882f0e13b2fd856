import pino from 'pino';
import { expect, it } from 'vitest';
import { AppError, databaseAway } from '../errors.ts';
import { FailureLog } from './failure-log.ts';
import { asAppError } from './problem.ts';

it('says once that the database is away, each error of ours, and nothing of what clients do wrong', () => {
  const lines: { level: number; reqId: string; err?: { stack: string } }[] = [];
  const failures = new FailureLog(pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }));
  const note = (error: Error, id: string) => failures.note(error, asAppError(error), id);
  for (const id of ['a', 'b', 'c']) note(databaseAway(), id);
  for (const id of ['d', 'e']) note(new AppError('store_unavailable', 'away'), id);
  for (const id of ['f', 'g']) note(new TypeError('a mistake'), id);
  note(new AppError('not_found', 'No such robot.'), 'h');
  note(new AppError('overloaded', 'Too much.'), 'i');
  expect(lines.map(({ level, reqId, err }) => [level, reqId, err !== undefined])).toEqual([
    [40, 'a', false],
    [40, 'd', false],
    [50, 'f', true],
    [50, 'g', true],
  ]);
});
