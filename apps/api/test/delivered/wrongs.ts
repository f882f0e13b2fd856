import type { Report } from './run.ts';

/** What must not be, in words; nothing when all is well. */
export function wrongs(report: Report): string[] {
  const { lost, skipped, invented, toldTwice, disordered, overlapping, explained, missing, waiting } = report;
  const lists = { lost, skipped, invented, toldTwice, disordered, overlapping };
  const found = Object.entries(lists).flatMap(([what, list]) =>
    list.length > 0 ? [`${what} ${list.length}: ${list.slice(0, 5).join('; ')}`] : [],
  );
  const { unexplained } = explained;
  if (unexplained.length > 0)
    found.push(`repeated ${unexplained.length} without a reason: ${JSON.stringify(unexplained.slice(0, 5))}`);
  if (missing !== 0) found.push(`${missing} robots without an alert of what all of them did`);
  if (waiting > 0) found.push(`${waiting} notifications left`);
  return found;
}
