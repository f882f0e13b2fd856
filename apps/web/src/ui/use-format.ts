import { computed } from 'vue';
import { useI18n } from 'vue-i18n';
import { type Format, makeFormat } from './format';
import { regional } from './regional';

/** Creating Intl formatters takes milliseconds, so there is one set per language, not per component. */
const formats = new Map<string, Format>();
function formatOf(tag: string): Format {
  const format = formats.get(tag) ?? makeFormat(tag);
  formats.set(tag, format);
  return format;
}

/** Formats figures and times in the current language. */
export function useFormat() {
  const { locale } = useI18n();
  return computed(() => formatOf(regional(locale.value)));
}
