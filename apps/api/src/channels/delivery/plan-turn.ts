import { isOfAlert, type News } from '../news.ts';

export interface Waiting {
  id: string;
  alertId: string | null;
  news: News;
  isDue: boolean;
  attempts: number;
  /** The message it was already tried in. */
  delivery: string | null;
  /** Nothing about its alert waits that is older and not among these. */
  isNext: boolean;
}

export interface Turn {
  /** The message to send; none when everything has to wait. A key of null is for a new message. */
  message?: { key: string | null; rows: Waiting[] };
  /** What may follow it at once, each a message of its own; nothing where what is new goes into one. */
  following: { row: Waiting; dropped: Waiting[] }[];
  /** Told by what is sent instead. */
  dropped: Waiting[];
  /** Must wait for the end of quiet hours. */
  held: Waiting[];
}

/**
 * Decides what to send to a channel next.
 * - What was tried is sent again as it was, so that its key tells receivers that they have had it.
 * - What is new goes into one message, or for webhooks one each.
 * - News of an alert keep their order; an alert that is over before it was told of is told of once, as over.
 * @param waiting the channel's notifications in the order they were queued
 */
export function planTurn(waiting: Waiting[], { isQuiet, isGrouping }: { isQuiet: boolean; isGrouping: boolean }): Turn {
  const blocked = new Set<string>();
  const block = ({ alertId }: Waiting) => alertId !== null && blocked.add(alertId);
  const held: Waiting[] = [];
  const messages: NonNullable<Turn['message']>[] = [];

  for (const rows of tried(waiting)) {
    const mustWait = isQuiet && !rows.some(isCritical);
    if (mustWait) held.push(...rows.filter(({ isDue }) => isDue));
    if (!mustWait && rows.every((row) => row.isDue && row.isNext))
      messages.push({ key: rows[0]?.delivery ?? null, rows });
    for (const row of rows) block(row);
  }

  const fresh: Waiting[] = [];
  for (const row of waiting) {
    if (row.delivery !== null) continue;
    const mustWait = isQuiet && !isCritical(row);
    if (mustWait && row.isDue) held.push(row);
    const isBehind = row.alertId !== null && blocked.has(row.alertId);
    if (mustWait || isBehind || !row.isNext || !row.isDue) block(row);
    else fresh.push(row);
  }
  const { kept, dropped } = collapsed(fresh);
  const [first] = kept;
  // What is new comes before what has failed: a message that a receiver chokes on holds up no others.
  if (first) messages.unshift({ key: null, rows: isGrouping ? kept : [first] });
  messages.sort((one, other) => attemptsOf(one) - attemptsOf(other));
  const [message] = messages;
  const isNew = message !== undefined && message.key === null;
  const toldBy = (rows: Waiting[]) => dropped.filter((row) => rows.some(({ alertId }) => alertId === row.alertId));
  const following = isNew && !isGrouping ? kept.slice(1).map((row) => ({ row, dropped: toldBy([row]) })) : [];
  return { message, following, dropped: isNew ? toldBy(message.rows) : [], held };
}

const isCritical = ({ news }: Waiting) => isOfAlert(news) && news.severity === 'critical';
const attemptsOf = ({ rows }: { rows: Waiting[] }) => Math.max(...rows.map(({ attempts }) => attempts));

function tried(waiting: Waiting[]): Waiting[][] {
  const byMessage = new Map<string, Waiting[]>();
  for (const row of waiting)
    if (row.delivery !== null) byMessage.set(row.delivery, [...(byMessage.get(row.delivery) ?? []), row]);
  return [...byMessage.values()];
}

/** Of each alert: that it is over, if it is; otherwise that it began; otherwise the reminder. */
function collapsed(rows: Waiting[]): { kept: Waiting[]; dropped: Waiting[] } {
  const byAlert = Map.groupBy(rows, ({ alertId, id }) => alertId ?? `row ${id}`);
  const kept = new Set<Waiting>();
  for (const own of byAlert.values()) {
    const last = own.at(-1) as Waiting;
    const began = own.findLast(({ news }) => news.what === 'firing');
    kept.add(last.news.what === 'resolved' ? last : (began ?? last));
  }
  return { kept: rows.filter((row) => kept.has(row)), dropped: rows.filter((row) => !kept.has(row)) };
}
