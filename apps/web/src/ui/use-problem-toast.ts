import { useToast } from '@nuxt/ui/composables/useToast';
import { until } from '@vueuse/core';
import { useI18n } from 'vue-i18n';
import { asProblem } from '../api/problem';
import { answers } from '../api/reachability';
import { useProblemText } from './use-problem-text';

/** For actions that have no form to show a problem in. */
export function useProblemToast() {
  const { t } = useI18n();
  const toast = useToast();
  const textOf = useProblemText();
  async function attempt(action: () => Promise<unknown>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      const problem = asProblem(error);
      if (problem.code === 'session_ended' || problem.code === 'unauthorized') return false;
      const { title, hint, server } = textOf(problem, '');
      const description = server ? `${hint} ${t('problems.serverSays')} ${server}` : hint;
      const message = { title, description, color: 'error', icon: 'i-lucide-circle-alert' } as const;
      if (answers.value) toast.add(message);
      else {
        const { id } = toast.add({ ...message, duration: 0 });
        void until(answers)
          .toBe(true)
          .then(() => toast.remove(id));
      }
      return false;
    }
  }
  return {
    attempt,
    done: (title: string) => toast.add({ title, color: 'success', icon: 'i-lucide-check' }),
    failed: (title: string, description: string) =>
      toast.add({ title, description, color: 'error', icon: 'i-lucide-circle-alert' }),
  };
}
