import { type AlertNews, dropNews, type queueNews } from '../channels/index.ts';
import type { Database, Db } from '../db/schema.ts';
import { publish } from '../events/event-bus.ts';
import { dropAlerts, openAlerts, updateAlerts, type Written } from './transition-store.ts';
import type { Transitions } from './transitions.ts';
import { holdRound } from './watch-store.ts';

/** Another evaluation has begun since: what this one found may be out of date. */
export class Superseded extends Error {}

interface Deps {
  db: Database;
  queueNews: typeof queueNews;
}

/** Alerts in one transaction, so that thirty robots of one site are told of together. */
const AT_ONCE = 5_000;

/**
 * Writes the states, their messages and their events together: all of them or none.
 * @param counts of messages, increased. @throws Superseded
 */
export async function apply(
  { db, queueNews }: Deps,
  round: string,
  { open, update, drop, channels }: Transitions,
  counts: Record<AlertNews['what'], number>,
): Promise<void> {
  const pieces = Math.max(1, ...[open, update, drop].map(({ length }) => Math.ceil(length / AT_ONCE)));
  for (let i = 0; i < pieces; i++) {
    const part = <One>(all: One[]) => all.slice(i * AT_ONCE, (i + 1) * AT_ONCE);
    const [opening, updating, dropping] = [part(open), part(update), part(drop)];
    const told = await db.transaction().execute(async (tx) => {
      if (!(await holdRound(tx, round))) throw new Superseded();
      const opened = opening.length > 0 ? await openAlerts(tx, opening) : [];
      const updated = updating.length > 0 ? await updateAlerts(tx, updating) : [];
      const dropped = dropping.length > 0 ? await dropAlerts(tx, dropping) : [];
      await dropNews(
        tx,
        updating.filter(({ ended }) => ended === 'not_watched').map(({ id }) => id),
      );
      const byPair = new Map(opening.map((one) => [`${one.ruleId} ${one.robotId}`, one.news]));
      const byId = new Map(updating.map((one) => [one.id, one.news]));
      const told = [
        ...opened.map((row) => ({ row, news: byPair.get(`${row.rule_id} ${row.robot_id}`) })),
        ...updated.map((row) => ({ row, news: byId.get(row.id) })),
      ].flatMap(({ row, news }): AlertNews[] =>
        news ? [{ ...news, alertId: row.id, robot: { id: row.robot_id, name: row.robot_name } }] : [],
      );
      await tell(tx, queueNews, told, channels);
      await publish(tx, ...[...opened, ...updated, ...dropped].map(eventOf));
      return told;
    });
    for (const { what } of told) counts[what]++;
  }
}

/** All that one rule has to say in one call. */
async function tell(
  tx: Db,
  queue: typeof queueNews,
  told: AlertNews[],
  channels: Map<number, number[]>,
): Promise<void> {
  for (const [ruleId, news] of Map.groupBy(told, ({ rule }) => rule.id)) {
    const ids = channels.get(ruleId) ?? [];
    if (ids.length > 0) await queue(tx, ids, news);
  }
}

const eventOf = ({ id, robot_id, owner_id }: Written) => ({
  ...{ type: 'alert_changed' as const, alert_id: Number(id), robot_id, owner_id },
});
