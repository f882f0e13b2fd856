/** What a message says of one alert. */
export interface Told {
  what: 'firing' | 'resolved';
  /** Robot and rule: e-mails do not have the alert's number. */
  pair: string;
  alertId?: number;
}

export interface Receipt {
  /** Times are milliseconds since 1970. */
  at: number;
  /** The channel. */
  to: string;
  key: string;
  told: Told[];
}

/** Of `GET /api/alerts`. */
export interface KnownAlert {
  id: number;
  pair: string;
  /** Of the alert's rule. */
  channels: string[];
  firedAt: number;
  resolvedAt: number | null;
}

export interface Count {
  alerts: number;
  /** Messages of different keys. */
  messages: number;
  /** What had to be told, once for each channel. */
  owed: number;
  /** Was over before it was sent, so that its end was all that was told. */
  folded: number;
  lost: string[];
  /** Not told that it fired, although the channel was told of later things before it ended. */
  skipped: string[];
  /** Of no alert, or on a channel that is none of its rule's. */
  invented: string[];
  /** Told in two messages of different keys. */
  toldTwice: string[];
  disordered: string[];
  /** Robot and rule had two alerts that were open at a time. */
  overlapping: string[];
  /** Received again with the same key. */
  repeated: { to: string; key: string; first: number; again: number }[];
  /** From what happened to its arrival, milliseconds. */
  latency: { median: number; p99: number; longest: number };
}

/**
 * Compares what was received with the history, alert by alert and channel by channel. A pair must not have more than one alert,
 * so that e-mails can be told apart.
 */
export function count(history: KnownAlert[], receipts: Receipt[]): Count {
  const byId = new Map(history.map((alert) => [alert.id, alert]));
  const byPair = new Map(history.map((alert) => [alert.pair, alert]));
  const result: Count = {
    ...{ alerts: history.length, messages: 0, owed: 0, folded: 0, lost: [], skipped: [], invented: [], toldTwice: [] },
    ...{ disordered: [], overlapping: overlapping(history), repeated: [] },
    latency: { median: 0, p99: 0, longest: 0 },
  };
  const latencies: number[] = [];
  const channels = new Set([...receipts.map(({ to }) => to), ...history.flatMap((alert) => alert.channels)]);
  for (const to of channels) {
    const seen = new Map<string, number>();
    const first = { firing: new Map<number, number>(), resolved: new Map<number, number>() };
    const arrivals: { of: number; at: number }[] = [];
    for (const { at, key, told } of receipts.filter((one) => one.to === to)) {
      const before = seen.get(key);
      if (before !== undefined) result.repeated.push({ to, key, first: before, again: at });
      seen.set(key, at);
      for (const { what, pair, alertId } of told) {
        const alert = alertId === undefined ? byPair.get(pair) : byId.get(alertId);
        const label = `${to}: ${what} ${pair}`;
        if (
          !alert?.channels.includes(to) ||
          alert.pair !== pair ||
          (what === 'resolved' && alert.resolvedAt === null)
        ) {
          result.invented.push(label);
          continue;
        }
        if (what === 'firing' && first.resolved.has(alert.id)) result.disordered.push(label);
        if (before !== undefined) continue;
        if (first[what].has(alert.id)) result.toldTwice.push(label);
        first[what].set(alert.id, at);
        const of = what === 'firing' ? alert.firedAt : (alert.resolvedAt as number);
        arrivals.push({ of, at });
        latencies.push(at - of);
      }
    }
    result.messages += seen.size;
    const earliestAfter = earliestArrivalAfter(arrivals);
    for (const alert of history.filter((one) => one.channels.includes(to))) {
      const label = `${to}: ${alert.id} ${alert.pair}`;
      result.owed += alert.resolvedAt === null ? 1 : 2;
      if (alert.resolvedAt === null) {
        if (!first.firing.has(alert.id)) result.lost.push(`${label} firing`);
      } else if (!first.resolved.has(alert.id)) result.lost.push(`${label} resolved`);
      else if (!first.firing.has(alert.id)) {
        result.folded++;
        // What is new is sent in order: had it still been waiting, nothing later could have come before.
        if (earliestAfter(alert.firedAt) < alert.resolvedAt) result.skipped.push(label);
      }
    }
  }
  latencies.sort((one, other) => one - other);
  const at = (share: number) => latencies[Math.floor((latencies.length - 1) * share)] ?? 0;
  result.latency = { median: at(0.5), p99: at(0.99), longest: at(1) };
  return result;
}

/** When the first of what happened after that time arrived. */
function earliestArrivalAfter(arrivals: { of: number; at: number }[]) {
  const sorted = arrivals.toSorted((one, other) => one.of - other.of);
  const earliest = sorted.map(({ at }) => at);
  for (let i = earliest.length - 2; i >= 0; i--)
    earliest[i] = Math.min(earliest[i] as number, earliest[i + 1] as number);
  return (time: number) => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle]?.of as number) > time) high = middle;
      else low = middle + 1;
    }
    return earliest[low] ?? Number.POSITIVE_INFINITY;
  };
}

function overlapping(history: KnownAlert[]): string[] {
  return [...Map.groupBy(history, ({ pair }) => pair)].flatMap(([pair, alerts]) => {
    const sorted = alerts.toSorted((one, other) => one.firedAt - other.firedAt);
    const overlap = sorted.some(({ firedAt }, i) => i > 0 && firedAt < (sorted[i - 1]?.resolvedAt ?? Infinity));
    return overlap ? [pair] : [];
  });
}
