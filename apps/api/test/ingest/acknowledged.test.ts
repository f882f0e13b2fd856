import { expect, it } from 'vitest';
import { acknowledgedRun } from '../acknowledged/run.ts';

/** A short run; a long one: `npm run test:acknowledged -- --seconds 600 --seed 7`. */
it('loses nothing acknowledged and accepts no revoked token while every process is killed at random', async () => {
  const report = await acknowledgedRun({ seed: 20, seconds: 25, robots: 30, replicas: 2 });
  const { blows, replies, switched } = report;
  const summary = JSON.stringify({ blows, replies, switched });
  expect(report.lost, summary).toEqual([]);
  expect(report.foreign, summary).toEqual([]);
  expect(report.doubled, summary).toEqual([]);
  expect(report.stuck, summary).toBe(0);
  expect(report.acceptedWhileOff, summary).toBe(0);
  expect(report.switched).toBeGreaterThan(0);
  expect(report.acknowledged).toBeGreaterThan(1000);
  expect(new Set(report.blows.map(({ victim }) => victim)).size, summary).toBeGreaterThan(1);
}, 240_000);
