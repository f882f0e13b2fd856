import { describe, expect, it } from 'vitest';
import { askedRobots } from './asked-robots.ts';
import { and, call, equal, fn, id, member, type Node, not, or, regex, str } from './flux-ast.ts';

const robot = member(id('r'), 'robot_id');
const filter = (body: Node, row = 'r') => call(id('filter'), { fn: fn({ [row]: null }, body) });
const is = (value: string) => equal(robot, str(value));
const other = equal(member(id('r'), '_measurement'), str('cpu'));

describe('robots that filters ask for', () => {
  it.each([
    ['one', [filter(is('7'))], [7]],
    ['one of some', [filter(or(is('9'), is('7')))], [7, 9]],
    ['with another condition', [filter(and(other, is('7')))], [7]],
    ['in a later filter', [filter(other), filter(is('7'))], [7]],
    ['in both of two', [filter(or(is('7'), is('9'))), filter(or(is('9'), is('11')))], [9]],
    ['as Grafana selects one', [filter(equal(robot, regex('^7$'), '=~'))], [7]],
    ['as Grafana selects several', [filter(equal(robot, regex('^(9|7)$'), '=~'))], [7, 9]],
    ['none that could exist', [filter(or(is('x'), is('07'), is('99999999999')))], []],
  ])('%s', (_, calls, expected) => expect(askedRobots(calls)).toEqual(expected));

  it.each([
    ['no robot', [filter(other)]],
    ['a robot or something else', [filter(or(is('7'), other))]],
    ['not this robot', [filter(not(is('7')))]],
    ['another operator', [filter(equal(robot, str('7'), '!='))]],
    ['any pattern', [filter(equal(robot, regex('^7'), '=~'))]],
    ['another parameter', [filter(is('7'), 'x')]],
    ['a name', [filter(equal(robot, id('x')))]],
    ['more parameters', [call(id('filter'), { fn: fn({ r: null, x: str('') }, is('7')) })]],
    ['empty tables as well', [call(id('filter'), { fn: fn({ r: null }, is('7')), onEmpty: str('keep') })]],
  ])('all, for %s', (_, calls) => expect(askedRobots(calls)).toBeUndefined());
});
