import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const LIMIT_BYTES = 250_000;

interface Chunk {
  name?: string;
  file: string;
  imports?: string[];
  dynamicImports?: string[];
}
const manifest = JSON.parse(readFileSync(`${DIST}.vite/manifest.json`, 'utf8')) as Record<string, Chunk>;

const html = readFileSync(`${DIST}index.html`, 'utf8');
/** What every page starts with. */
const START = named('start');
const SIGNED_IN = named('signed-in');
/** The small script that runs before it. */
const MAIN = Object.keys(manifest).find((key) => html.includes(`src="/${manifest[key]?.file}"`)) as string;

function named(name: string): string {
  const key = Object.keys(manifest).find((key) => manifest[key]?.name === name);
  if (!key) throw new Error(`No chunk is named ${name}.`);
  return key;
}

/** A chunk with all its static imports. */
function staticImports(key: string, found = new Map<string, string>()): Map<string, string> {
  const chunk = manifest[key];
  if (!chunk) throw new Error(`There is no ${key}.`);
  if (found.has(key)) return found;
  found.set(key, readFileSync(`${DIST}${chunk.file}`, 'utf8'));
  for (const next of chunk.imports ?? []) staticImports(next, found);
  return found;
}

it('the fleet, the first page, loads at most 250 kB of JavaScript, gzipped', () => {
  const chunks = new Map<string, string>();
  for (const key of [MAIN, START, SIGNED_IN, 'src/robots/FleetPage.vue']) staticImports(key, chunks);
  const bytes = [...chunks.values()].reduce((sum, code) => sum + gzipSync(code).length, 0);
  expect(bytes).toBeGreaterThan(50_000);
  expect(bytes).toBeLessThanOrEqual(LIMIT_BYTES);
});

it('the start page needs little code itself, and preloads the rest', () => {
  const ahead = [...staticImports(MAIN).values()].reduce((sum, code) => sum + gzipSync(code).length, 0);
  expect(ahead).toBeLessThan(10_000);
  expect(html).toMatch(new RegExp(`rel="modulepreload"[^>]*href="/${manifest[START]?.file}"`));
});

it("each page is its own chunk, and only the robot's page loads uPlot", () => {
  const drawsCharts = (key: string) => [...staticImports(key).values()].some((code) => code.includes('u-legend'));
  expect(drawsCharts('src/metrics/RobotCharts.vue')).toBe(true);
  const pages = Object.keys(manifest).filter((key) => key.endsWith('Page.vue'));
  expect(pages.length).toBeGreaterThanOrEqual(9);
  for (const page of [...pages, MAIN, START, SIGNED_IN]) expect(drawsCharts(page), page).toBe(false);
});

it('the start page has no inline script or style, and every file is precompressed', () => {
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
  expect(html).not.toMatch(/<style|\son\w+=|javascript:/);
  for (const { file } of Object.values(manifest).filter(({ file }) => file.endsWith('.js'))) {
    if (readFileSync(DIST + file).length < 1024) continue;
    expect([existsSync(`${DIST}${file}.br`), existsSync(`${DIST}${file}.gz`)], file).toEqual([true, true]);
  }
});
