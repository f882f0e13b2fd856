export type ThresholdFunction = 'last' | 'mean' | 'min' | 'max' | 'sum' | 'count' | 'increase';
export type Comparison = '>' | '>=' | '<' | '<=' | '==' | '!=' | 'changed';

/** What a rule looks for, as the API writes it. Plain data: messages are written from it. Times are seconds. */
export type Condition =
  | { kind: 'offline'; after_s: number }
  | {
      kind: 'threshold';
      measurement: string;
      field: string;
      tags?: Record<string, string>;
      fn: ThresholdFunction;
      window_s: number;
      op: Comparison;
      /** Missing with `changed` only. */
      value?: number | string | boolean;
      clear_value?: number;
    }
  | { kind: 'log'; level?: string; program?: string; q?: string; count: number; window_s: number }
  | { kind: 'no_data'; measurement: string; after_s: number }
  | { kind: 'disk_full_in'; days: number }
  | { kind: 'status'; status: 'error' }
  | { kind: 'clock_skew'; above_s: number }
  | { kind: 'token_copied' };

export type Severity = 'info' | 'warning' | 'critical';

/** What happened to an alert. Times are ISO 8601. */
export interface AlertNews {
  /** A bigint, as digits. */
  alertId: string;
  what: 'firing' | 'resolved' | 'reminder';
  rule: { id: number; name: string };
  robot: { id: number; name: string };
  severity: Severity;
  /** What the condition compares; null when there is nothing. */
  value: number | string | boolean | null;
  since: string;
  resolvedAt?: string;
  condition: Condition;
}

/** Tells an owner, on another channel, that one of theirs does not work. */
export interface ChannelNews {
  what: 'channel_failing';
  channel: { id: number; name: string; kind: string };
  since: string;
  error: string;
}

export interface TestNews {
  what: 'test';
}

export type News = AlertNews | ChannelNews | TestNews;

export const isOfAlert = (news: News): news is AlertNews => 'alertId' in news;
