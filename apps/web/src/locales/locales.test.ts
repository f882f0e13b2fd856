// @vitest-environment node
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { en } from './en';
import { ru } from './ru';

type Tree = { [key: string]: string | Tree };
const flat = (tree: Tree, at = ''): [string, string][] =>
  Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string' ? [[at + key, value] as [string, string]] : flat(value, `${at}${key}.`),
  );
const [english, russian] = [new Map(flat(en)), new Map(flat(ru))];

it('both languages have the same keys and placeholders', () => {
  expect([...russian.keys()]).toEqual([...english.keys()]);
  const values = (text: string | undefined) => [...new Set(text?.match(/\{\w+\}/g))].sort();
  for (const [key, text] of english) {
    expect(values(russian.get(key)), key).toEqual(values(text));
    expect(Boolean(russian.get(key)), key).toBe(Boolean(text));
  }
});

it('Russian is translated, with three plural forms', () => {
  const same = [...russian].filter(
    ([key, text]) => text && text === english.get(key) && /[a-z]{3}/i.test(text.replace(/\{\w+\}/g, '')),
  );
  expect(same).toEqual([]);
  for (const [key, text] of russian) expect([1, 3], key).toContain(text.split('|').length);
  for (const [key, text] of english) if (text.includes('|')) expect(russian.get(key)?.split('|').length, key).toBe(3);
});

it('every message that is used exists, and every one that exists is used', () => {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const sources = globSync('**/*.{vue,ts}', { cwd: root, exclude: ['locales/**', '**/*.test.ts'] })
    .map((file) => readFileSync(root + file, 'utf8'))
    .join('\n');
  const asked = [...sources.matchAll(/\bt\(\s*'([\w.]+)'/g)].map(([, key]) => key as string);
  expect(asked.length).toBeGreaterThan(100);
  expect(asked.filter((key) => !english.has(key))).toEqual([]);
  const prefixes = [...sources.matchAll(/\bte?\(\s*`([\w.]+\.)\$\{/g), ...sources.matchAll(/`([\w.]+\.)\$\{/g)].map(
    ([, prefix]) => prefix as string,
  );
  const unused = [...english.keys()].filter(
    (key) => !sources.includes(`'${key}'`) && !prefixes.some((prefix) => key.startsWith(prefix)),
  );
  expect(unused).toEqual([]);
});
