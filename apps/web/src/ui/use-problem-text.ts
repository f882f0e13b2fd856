import { useI18n } from 'vue-i18n';
import type { ApiProblem, ProblemReason } from '../api/problem';

/** Reasons that a person's input can cause, with a translated text. */
const REASONS: Record<ProblemReason, string> = {
  password_short: 'auth.passwordShort',
  password_common: 'auth.passwordCommon',
  range_reversed: 'metrics.range.invalid',
  range_too_long: 'metrics.range.tooLong',
  owner_inactive: 'robots.settings.transfer.notActive',
  too_many_codes: 'auth.factor.tooMany.text',
  recovery_code: 'auth.factor.recoveryWrong',
  replaced_gone: 'pairing.replaces.gone',
};
/** Codes whose detail says more than the title. */
const TELLING = [
  'validation_failed',
  'nothing_usable',
  'lines_rejected',
  'payload_too_large',
  'unsupported_media_type',
];

/** Reads are retried automatically after these, and their hints say so. Actions are not retried. */
const AGAIN_BY_ITSELF = ['unreachable', 'store_unavailable', 'database_unavailable'];

/**
 * What happened and what to do, in the person's language. `server`: the server's English detail, where there is no
 * translation. `button`: for a failed action, the label of its button; '' if there is no button to press again.
 */
export function useProblemText() {
  const { t, te } = useI18n();
  const text = (key: string) => (te(key, 'en') ? t(key) : undefined);
  const notDone = (button: string) => {
    if (button === t('app.save')) return t('problems.notSaved', { button });
    return button ? t('problems.notDone', { button }) : t('problems.notDoneAtAll');
  };
  return ({ code, detail, reason }: ApiProblem, button?: string): { title: string; hint?: string; server?: string } => {
    const title = text(`problems.${code}.title`) ?? t('problems.internal_error.title');
    if (button !== undefined && AGAIN_BY_ITSELF.includes(code)) return { title, hint: notDone(button) };
    // A newer server may send a reason that this page does not know.
    const known = reason ? REASONS[reason] : undefined;
    if (known) return { title, hint: t(known) };
    const hint = text(`problems.${code}.hint`);
    return TELLING.includes(code) ? { title, hint, server: detail || undefined } : { title, hint };
  };
}
