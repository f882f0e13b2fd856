import { useI18n } from 'vue-i18n';

/** The details of an audit entry in words, such as which setting changed to what. */
export function useDetails(nameOfUser: (id: number) => string | undefined) {
  const { t, te } = useI18n();
  const text = (key: string) => (te(key, 'en') ? t(key) : undefined);

  function written(key: string, value: unknown): string {
    if (key === 'owner_id') return nameOfUser(Number(value)) ?? `#${value}`;
    if (typeof value === 'object' && value !== null) return JSON.stringify(value);
    return text(`audit.value.${key}.${String(value).replaceAll(/\W/g, '_')}`) ?? String(value);
  }
  return (details: Record<string, unknown>): string =>
    Object.entries(details)
      .map(([key, value]) => `${text(`audit.detail.${key}`) ?? key}: ${written(key, value)}`)
      .join(', ');
}
