import { useI18n } from 'vue-i18n';
import { regional } from './regional';

/** To make one of Intl's formatters takes long: one for all rows. */
const formats = new Map<string, Intl.NumberFormat>();

/** Figures with as many decimals each, so that those of a column stand under each other. */
export function useFixed() {
  const { locale } = useI18n();
  return (value: number | null, decimals: number): string => {
    if (value === null) return '–';
    const key = `${locale.value} ${decimals}`;
    const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    const format = formats.get(key) ?? new Intl.NumberFormat(regional(locale.value), digits);
    formats.set(key, format);
    return format.format(value);
  };
}
