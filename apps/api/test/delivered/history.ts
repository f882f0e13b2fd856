import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerProcess } from '../support/server-process.ts';
import type { KnownAlert } from './count.ts';

type Shown = { id: number; rule_id: number; rule_name: string; robot_name: string; fired_at: string | null };

/** All alerts that have fired, as the API answers them. @param channelsOf by rule */
export async function historyOf(api: ServerProcess, channelsOf: Map<number, string[]>) {
  const token = await api.signIn();
  const alerts: (KnownAlert & { ruleId: number })[] = [];
  for (let cursor = ''; ; ) {
    const { status, body } = await api.call('GET', `/alerts?limit=1000${cursor}`, { token });
    if (status !== 200) throw new Error(JSON.stringify(body));
    for (const one of body.items as (Shown & { resolved_at: string | null })[])
      if (one.fired_at !== null)
        alerts.push({
          ...{ id: one.id, ruleId: one.rule_id, pair: `${one.robot_name} ${one.rule_name}` },
          channels: channelsOf.get(one.rule_id) ?? [],
          firedAt: Date.parse(one.fired_at),
          resolvedAt: one.resolved_at === null ? null : Date.parse(one.resolved_at),
        });
    if (body.next_cursor === null) return alerts;
    cursor = `&cursor=${encodeURIComponent(body.next_cursor)}`;
  }
}

/** Waits for it, but not for ever: what is then missing is counted. A machine that is too busy to tell is asked again. */
export async function until(isSo: () => Promise<boolean>, atMostMs: number): Promise<void> {
  const end = Date.now() + atMostMs;
  while (!(await isSo().catch(() => false)) && Date.now() < end) await sleep(500);
}
