import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { WEB_FIGURES_FILE, webFigures } from './write-figures.ts';

it('the web app has the current table, written by `npm run openapi`', () => {
  expect(readFileSync(WEB_FIGURES_FILE, 'utf8')).toBe(webFigures());
});
