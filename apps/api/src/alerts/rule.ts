import type { Condition } from '../channels/index.ts';
import type { AlertSeverity } from '../db/schema.ts';
import type { Scope } from './schemas.ts';

/** What a rule says, with all defaults filled in. Times are seconds. */
export interface RuleTerms {
  name: string;
  enabled: boolean;
  scope: Scope;
  condition: Condition;
  /** How long the condition must hold before the alert fires, and be gone before it resolves. */
  for_s: number;
  resolve_for_s: number;
  severity: AlertSeverity;
  channels: number[];
  remind_after_s: number | null;
}

export interface Rule extends RuleTerms {
  id: number;
  owner_id: number;
  created_at: Date;
}

export const DEFAULTS = {
  enabled: true,
  for_s: 0,
  resolve_for_s: 60,
  severity: 'warning',
  channels: [] as number[],
  remind_after_s: null,
} as const satisfies Partial<RuleTerms>;
