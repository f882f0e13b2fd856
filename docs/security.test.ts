import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const CHECKOUT = join(import.meta.dirname, '..');
const page = readFileSync(join(import.meta.dirname, 'security.md'), 'utf8');

/** The level of each requirement of OWASP ASVS 5.0.0, by section: 1.1.1 is the first digit of 1.1. */
const LEVELS: Record<string, string> = {
  ...{ 1.1: '22', 1.2: '1111122223', 1.3: '112222222223', 1.4: '222', 1.5: '123' },
  ...{ 2.1: '122', 2.2: '112', 2.3: '12223', 2.4: '23' },
  ...{ 3.1: '3', 3.2: '113', 3.3: '12223', 3.4: '11222233', 3.5: '11122333', 3.6: '3', 3.7: '22333' },
  ...{ 4.1: '12233', 4.2: '23333', 4.3: '22', 4.4: '1222' },
  ...{ 5.1: '2', 5.2: '112333', 5.3: '113', 5.4: '222' },
  ...{ 6.1: '122', 6.2: '111111112222', 6.3: '11223333', 6.4: '112233', 6.5: '22222333', 6.6: '2223', 6.7: '33' },
  ...{ 6.8: '2222', 7.1: '222', 7.2: '1111', 7.3: '22', 7.4: '11222', 7.5: '223', 7.6: '22' },
  ...{ 8.1: '1233', 8.2: '1123', 8.3: '133', 8.4: '23', 9.1: '111', 9.2: '1222' },
  ...{ '10.1': '22', 10.2: '223', 10.3: '22223', 10.4: '1111122222233333', 10.5: '22222', 10.6: '22', 10.7: '222' },
  ...{ 11.1: '2233', 11.2: '22233', 11.3: '11233', 11.4: '1222', 11.5: '23', 11.6: '23', 11.7: '33' },
  ...{ 12.1: '12233', 12.2: '11', 12.3: '22223', 13.1: '2333', 13.2: '222223', 13.3: '2233', 13.4: '1222233' },
  ...{ 14.1: '22', 14.2: '12223333', 14.3: '122', 15.1: '12233', 15.2: '12233', 15.3: '1222222', 15.4: '3333' },
  ...{ 16.1: '2', 16.2: '22222', 16.3: '2222', 16.4: '222', 16.5: '2223', 17.1: '23', 17.2: '22223333', 17.3: '22' },
};
const levelOf = (requirement: string) => {
  const [, section = '', place = ''] = /^(\d+\.\d+)\.(\d+)$/.exec(requirement) ?? [];
  return LEVELS[section]?.[Number(place) - 1];
};
const REQUIRED = Object.entries(LEVELS).flatMap(([section, levels]) =>
  [...levels].flatMap((level, i) => (level === '3' ? [] : [`${section}.${i + 1}`])),
);

const rows = page.split('\n').flatMap((line) => {
  const [, numbers, levels = '', , how = '', proof = ''] = line.split('|').map((cell) => cell.trim());
  if (!numbers || !/^\d+\.\d+\.\d/.test(numbers)) return [];
  const state = /^\*\*(not met|n\/a)\*\*/.exec(how)?.[1] ?? 'met';
  return [{ numbers, requirements: numbers.split(', ').flatMap(range), levels, how, proof, state }];
});

/** 1.2.6–1.2.8 is three requirements. */
function range(text: string): string[] {
  const [first = '', last = first] = text.split('–');
  const section = first.replace(/\d+$/, '');
  const [from, to] = [first, last].map((number) => Number(number.split('.')[2]));
  return Array.from({ length: (to as number) - (from as number) + 1 }, (_, i) => `${section}${(from as number) + i}`);
}

const fileOf = (path: string) => join(CHECKOUT, path.replace(/^(?=(src|test)\/)/, 'apps/api/'));

describe('the table of requirements', () => {
  it('has each of level 1 and 2 once, with its level', () => {
    expect(REQUIRED).toHaveLength(253);
    expect(rows.flatMap(({ requirements }) => requirements).sort()).toEqual([...REQUIRED].sort());
    for (const { numbers, requirements, levels } of rows)
      expect([...new Set(requirements.map(levelOf))].sort().join('–'), numbers).toBe(levels);
  });

  it('counts what is met, does not apply and is not met', () => {
    const count = (state: string) =>
      rows.filter((row) => row.state === state).reduce((sum, { requirements }) => sum + requirements.length, 0);
    expect(/^Of 253.*?\./m.exec(page)?.[0]).toBe(
      `Of 253, ${count('met')} are met, ${count('n/a')} do not apply (*n/a*) and ${count('not met')} are **not met**.`,
    );
  });

  it('names files that exist', () => {
    const named = [
      ...page.matchAll(/`((?:src|test|apps|deploy|docs|agent)\/[^`\s]*|\.dockerignore|package-lock\.json)`/g),
    ];
    expect(named.length).toBeGreaterThan(200);
    // What an installation makes is not in the source.
    const missing = named.map(([, path = '']) => path).filter((path) => path !== 'deploy/secrets');
    expect(missing.filter((path) => !existsSync(fileOf(path)))).toEqual([]);
  });

  it('names tests that exist', () => {
    for (const { numbers, proof } of rows) {
      const named = [...proof.matchAll(/`([^`\s]+)` “([^”]+)”/g)];
      expect(proof, numbers).toBe(named.map(([text]) => text).join('; ') || '—');
      for (const [text, path = '', title = ''] of named) {
        const source = readFileSync(fileOf(path), 'utf8');
        expect(
          ["'", '"', '`'].some((quote) => source.includes(`${quote}${title}${quote}`)),
          `${numbers}: ${text}`,
        ).toBe(true);
      }
    }
  });
});

it('neither the server nor the web app makes markup or code of text', () => {
  const files = globSync('{apps/*/src,apps/web/public,agent}/**/*.{ts,js,vue}', { cwd: CHECKOUT });
  expect(files.length).toBeGreaterThan(400);
  const dangerous = /v-html|\b(inner|outer)HTML\b|insertAdjacentHTML|document\.write|\beval\(|\bnew Function\b|srcdoc/;
  expect(files.filter((file) => dangerous.test(readFileSync(join(CHECKOUT, file), 'utf8')))).toEqual([]);
});
