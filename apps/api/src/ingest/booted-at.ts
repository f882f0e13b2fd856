import type { StampedLines } from '../line-protocol/index.ts';

/** Of a report's newest lines: one flush has a few hundred at most. */
const LINES = 300;
/** A report is live while its newest uptime is about as old: of late data it cannot be told when it was sent. */
const LIVE_MS = 120_000;
/** Telegraf's own are shorter. */
const MAX_BYTES = 1_024;
const UPTIME = /[ ,]uptime=(\d{1,10})i?[, ]/;

/** When the computer that sent a report was started, milliseconds since 1970, as Telegraf's `system` tells; else null. */
export function bootedAtOf(lines: StampedLines, now: number): number | null {
  for (let i = lines.count - 1; i >= Math.max(0, lines.count - LINES); i--) {
    const series = lines.series[i];
    if (series?.measurement !== 'system' || !series.fields.has('uptime')) continue;
    const bytes = lines.line(i);
    const line = bytes.length > MAX_BYTES ? '' : bytes.toString('latin1');
    const uptime = UPTIME.exec(line)?.[1];
    if (uptime === undefined) continue;
    const at = Math.floor(lines.msAt(i));
    return Math.abs(now - at) < LIVE_MS ? at - Number(uptime) * 1000 : null;
  }
  return null;
}
