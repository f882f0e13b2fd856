import { ref } from 'vue';
import { type ApiProblem, asProblem } from '../api/problem';

/** An action started by the person: whether it is running, and why it failed. */
export function useAction<Args extends unknown[]>(action: (...args: Args) => Promise<unknown>) {
  const busy = ref(false);
  const problem = ref<ApiProblem | null>(null);
  /** @returns whether it succeeded */
  async function run(...args: Args): Promise<boolean> {
    if (busy.value) return false;
    busy.value = true;
    problem.value = null;
    try {
      await action(...args);
      return true;
    } catch (error) {
      const found = asProblem(error);
      // The session dialog already asks to sign in again.
      if (found.code !== 'session_ended' && found.code !== 'unauthorized') problem.value = found;
      return false;
    } finally {
      busy.value = false;
    }
  }
  return { busy, problem, run };
}
