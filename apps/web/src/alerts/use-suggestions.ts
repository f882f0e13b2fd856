import { hashKey, useQuery } from '@tanstack/vue-query';
import { computed } from 'vue';
import type { Rule, Suggestion } from '../api/types';
import { alertKeys, fetchSuggestions } from './queries';

/** Those whose condition none of the rules has, whatever the rule's name and channels. */
export function unusedOf(suggestions: Suggestion[], rules: Pick<Rule, 'condition'>[]): Suggestion[] {
  const used = new Set(rules.map(({ condition }) => hashKey([condition])));
  return suggestions.filter(({ condition }) => !used.has(hashKey([condition])));
}

/** The usual rules, and those that are not among `rules` yet. */
export function useSuggestions(rules: () => Rule[] = () => []) {
  const query = useQuery({ queryKey: alertKeys.suggestions, queryFn: fetchSuggestions });
  return { ...query, unused: computed(() => unusedOf(query.data.value ?? [], rules())) };
}
