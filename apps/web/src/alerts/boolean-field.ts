import type { Measurement } from '../api/types';
import { isOrder, type RuleDraft } from './rule-draft';

/** What people write for a boolean: as pages show it, and as the API has it. */
const WORDS: Record<string, boolean> = {
  ...{ true: true, yes: true, да: true },
  ...{ false: false, no: false, нет: false },
};

function booleanOf(text: string): boolean | undefined {
  const word = text
    .trim()
    .replace(/^"(.*)"$/, '$1')
    .toLowerCase();
  return Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
}

/** Whether the draft compares a field that holds booleans only, not how many there are; undefined where nobody has sent it. */
export function isOfBooleans(measurements: Measurement[], draft: RuleDraft): boolean | undefined {
  if (draft.what !== 'field') return undefined;
  const fields = measurements.find(({ measurement }) => measurement === draft.measurement.trim())?.fields ?? [];
  const types = fields.filter(({ field }) => field === draft.field.trim()).map(({ type }) => type);
  return types.length === 0 ? undefined : types.every((type) => type === 'boolean') && draft.fn !== 'count';
}

/** The draft as it can be compared with a boolean: a text would equal none, and none is above another. */
export function comparedWithBoolean(draft: RuleDraft): Pick<RuleDraft, 'op' | 'value' | 'clear' | 'fn'> {
  const { op, value } = draft;
  return {
    op: isOrder(op) ? '==' : op,
    fn: 'last',
    value: String(booleanOf(value) ?? true),
    clear: '',
  };
}
