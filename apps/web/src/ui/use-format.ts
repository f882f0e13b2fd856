import { computed } from 'vue';
import { useI18n } from 'vue-i18n';
import { type Format, makeFormat } from './format';
import { regional } from './regional';

/** To make Intl's formatters takes milliseconds: one set a language, not one a component. */
const formats = new Map<string, Format>();
function formatOf(tag: string): Format {
  const format = formats.get(tag) ?? makeFormat(tag);
  formats.set(tag, format);
  return format;
}

/** Figures and times in the language in use. */
export function useFormat() {
  const { locale } = useI18n();
  return computed(() => formatOf(regional(locale.value)));
}
