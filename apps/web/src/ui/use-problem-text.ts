import { useI18n } from 'vue-i18n';
import type { ApiProblem } from '../api/problem';

/** What happened and what to do, in the person's language; the server's own words where we know no better. */
export function useProblemText() {
  const { t, te, locale } = useI18n();
  const known = (key: string) => (te(key, 'en') ? t(key) : undefined);
  return (problem: ApiProblem) => {
    const title = known(`problems.${problem.code}.title`) ?? t('problems.internal_error.title');
    const hint = known(`problems.${problem.code}.hint`);
    const detail = problem.code === 'validation_failed' ? translated(problem.detail) : undefined;
    return { title, hint: detail ?? hint };
  };

  /** A few sentences of the server that people meet by what they type. */
  function translated(detail: string): string {
    if (locale.value === 'en') return detail;
    if (detail.includes('at least 8 characters')) return t('auth.passwordShort');
    if (detail.includes('too easy to guess')) return t('auth.passwordCommon');
    return detail;
  }
}
