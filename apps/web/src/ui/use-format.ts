import { computed } from 'vue';
import { useI18n } from 'vue-i18n';
import { makeFormat } from './format';

/** `en` as this browser's owner writes it, if they said: en-GB. */
const regional = (language: string) => navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language;

/** Figures and times in the language in use. */
export function useFormat() {
  const { locale } = useI18n();
  return computed(() => makeFormat(regional(locale.value)));
}
