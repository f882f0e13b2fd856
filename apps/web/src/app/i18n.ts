import { useLocalStorage } from '@vueuse/core';
import { watch } from 'vue';
import { createI18n } from 'vue-i18n';
import { en } from '../locales/en';

export const LOCALES = { en: 'English', ru: 'Русский' } as const;
export type Locale = keyof typeof LOCALES;

const preferred: Locale = navigator.languages.some((language) => language.startsWith('ru')) ? 'ru' : 'en';
export const locale = useLocalStorage<Locale>('robowatch.locale', preferred);
if (!(locale.value in LOCALES)) locale.value = 'en';

const RUSSIAN = new Intl.PluralRules('ru');
/** Plural forms in the order one | few | many: 1 робот, 2 робота, 5 роботов. */
export const russianPlural = (count: number) => ['one', 'few'].indexOf(RUSSIAN.select(count)) + 1 || 3;

export const i18n = createI18n({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  messages: { en } as Record<string, typeof en>,
  pluralRules: { ru: (count) => russianPlural(count) - 1 },
});

/** Resolves when the chosen language is loaded. Later choices apply in every tab. */
export async function useChosenLocale(): Promise<void> {
  async function apply(chosen: Locale) {
    if (chosen === 'ru') i18n.global.setLocaleMessage('ru', (await import('../locales/ru')).ru);
    i18n.global.locale.value = chosen;
    document.documentElement.lang = chosen;
  }
  watch(locale, apply);
  await apply(locale.value);
}
