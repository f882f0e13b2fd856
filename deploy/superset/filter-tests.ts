import { describe, expect, it } from 'vitest';
import { dayOf, ODD } from './known-fleet.ts';
import { type Filters, type KnownSuperset, near, only, robotsOf } from './known-superset.ts';

export function filterTests({ show }: KnownSuperset): void {
  describe('filters', () => {
    it('choose owners, architectures, robots and labels, one or several', async () => {
      const worst = async (filters: Filters) => robotsOf(await show('rel-worst', filters)).sort();
      expect(await worst(only('owner', 'Person 1'))).toEqual(['arm']);
      expect(await worst(only('owner', 'Person 1', 'Person 2'))).toEqual(['arm', 'base']);
      expect(await worst(only('robot', 'base'))).toEqual(['base']);
      expect(await worst(only('architecture', 'arm64'))).toEqual(['arm', 'base']);
      expect(await worst(only('label', 'role: arm'))).toEqual(['arm']);
      expect(await worst(only('label', 'role: arm', `odd: ${ODD}`))).toEqual(['arm', 'base']);
      expect(await worst(only('label', `odd: ${ODD}`))).toEqual(['base']);
      expect(await worst([...only('label', 'site: Berlin'), ...only('owner', 'Person 2')])).toEqual(['base']);
      expect(robotsOf(await show('rel-trouble', only('label', 'no label')))).toEqual(['quiet']);
      expect(robotsOf(await show('rel-trouble', only('architecture', 'unknown')))).toEqual(['quiet']);
      expect(robotsOf(await show('rel-disks', only('label', 'role: arm')))).toEqual(['arm', 'arm']);
      expect(robotsOf(await show('rel-hottest-hours', only('label', 'role: arm')))).toEqual(['arm']);
      expect((await show('use-by-label', only('label', 'role: arm'))).map(({ label }) => label)).toEqual(['role: arm']);
    });

    it('choose nothing with values that do not exist, whatever is in them', async () => {
      for (const value of [
        "'",
        "') or true --",
        "x') union select 1",
        "\\') or true --",
        "\\\\'",
        '%',
        '{{ 7 * 7 }}',
        '\\',
        ':x',
        '$1',
      ])
        expect(await show('rel-trouble', only('label', value)), value).toEqual([]);
    });

    it('choose days', async () => {
      const hours = await show('use-hours', [], `${dayOf(1)} : ${dayOf(0)}`);
      expect(hours).toEqual([{ hours_of_robots: near(3) }]);
      expect(await show('use-by-robot', [], `${dayOf(30)} : ${dayOf(20)}`)).toEqual([]);
    });
  });
}
