import { useI18n } from 'vue-i18n';
import type { ChannelKind } from '../api/types';

/** Names that are the same in every language. */
const NAMES: Partial<Record<ChannelKind, string>> = { telegram: 'Telegram', ntfy: 'ntfy' };

/** What a kind of channel is called. */
export function useKindName() {
  const { t } = useI18n();
  return (kind: ChannelKind): string => NAMES[kind] ?? t(`alerts.kind.${kind}`);
}
