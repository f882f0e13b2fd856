import { writeFileSync } from 'node:fs';
import { FIGURES, type Figure } from './figures.ts';
import { COUNTERS, MEASURED, TOTALS } from './measured.ts';

export const WEB_FIGURES_FILE = new URL('../../../web/src/api/figures.json', import.meta.url);

/** The part of the tables that the web app needs, as JSON. */
export function webFigures(): string {
  const units = Object.fromEntries(
    Object.entries(MEASURED).map(([measurement, fields]) => [
      measurement,
      Object.fromEntries(Object.entries(fields).map(([field, { unit }]) => [field, unit])),
    ]),
  );
  const limits = Object.fromEntries(
    Object.entries(FIGURES).flatMap(([name, figure]) => ('limits' in figure ? [[name, figure.limits]] : [])),
  );
  const figures = Object.fromEntries(
    Object.entries<Figure>(FIGURES).map(([name, { measurement, field, unit, of, isRest }]) => {
      const total = of === 'total' ? TOTALS[measurement] : undefined;
      return [name, { measurement, field, unit, ...(total && { tags: { [total.tag]: total.value } }), isRest }];
    }),
  );
  return `${JSON.stringify({ figures, limits, units, counters: COUNTERS, totals: TOTALS }, null, 2)}\n`;
}

if (import.meta.main) writeFileSync(WEB_FIGURES_FILE, webFigures());
