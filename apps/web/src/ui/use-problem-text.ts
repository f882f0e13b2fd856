import { useI18n } from 'vue-i18n';
import type { ApiProblem } from '../api/problem';

/** Sentences of the server that people meet by what they type. */
const KNOWN: [RegExp, string][] = [
  [/at least 8 characters/, 'auth.passwordShort'],
  [/too easy to guess/, 'auth.passwordCommon'],
  [/from must be before to/, 'metrics.range.invalid'],
  [/range may span ten years/, 'metrics.range.tooLong'],
  [/owner_id is not an active user/, 'robots.settings.transfer.notActive'],
];
/** Whose detail says what the title cannot. */
const TELLING = [
  'validation_failed',
  'nothing_usable',
  'lines_rejected',
  'payload_too_large',
  'unsupported_media_type',
];

/** What happened and what to do, in the person's language; `server`: its own English words, where we know no better. */
export function useProblemText() {
  const { t, te } = useI18n();
  const text = (key: string) => (te(key, 'en') ? t(key) : undefined);
  return ({ code, detail }: ApiProblem): { title: string; hint?: string; server?: string } => {
    const title = text(`problems.${code}.title`) ?? t('problems.internal_error.title');
    const hint = text(`problems.${code}.hint`);
    if (!TELLING.includes(code)) return { title, hint };
    const known = KNOWN.find(([words]) => words.test(detail))?.[1];
    return known ? { title, hint: t(known) } : { title, hint, server: detail || undefined };
  };
}
