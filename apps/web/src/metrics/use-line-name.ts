import { useI18n } from 'vue-i18n';

/** A field of an agent's, with the tags that tell its series apart. */
const TAGGED = /^(\w+_\w+)( .+)$/;

/** What a line's label says, in the user's language: as a whole, or the field before its tags. */
export function useLineName(): (label: string) => string {
  const { t, te } = useI18n();
  const known = (label: string) => te(`metrics.line.${label}`, 'en');
  return (label) => {
    if (known(label)) return t(`metrics.line.${label}`);
    const [, field = '', tags] = TAGGED.exec(label) ?? [];
    return field && known(field) ? `${t(`metrics.line.${field}`)}${tags}` : label;
  };
}
