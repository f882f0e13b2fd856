import { expect, it } from 'vitest';
import type { Robot } from '../api/types';
import { newsInTurn, withNews } from './fleet-news';

const robot = (id: number, name = `robot ${id}`) => ({ id, name }) as Robot;
const fleet = [robot(1), robot(2), robot(3)];

it('updates the requested robots, and leaves the others unchanged', () => {
  const after = withNews(fleet, [2], [robot(2, 'renamed')]);
  expect(after.map(({ name }) => name)).toEqual(['robot 1', 'renamed', 'robot 3']);
  expect(after[0]).toBe(fleet[0]);
});

it('removes deleted robots, and adds new ones', () => {
  expect(withNews(fleet, [1, 4], [robot(4)]).map(({ id }) => id)).toEqual([2, 3, 4]);
});

it('requests the robots in view first, then those waiting longest', () => {
  expect(newsInTurn(new Set([5, 4, 3, 2]), [9, 3], 3)).toEqual([3, 5, 4]);
});
