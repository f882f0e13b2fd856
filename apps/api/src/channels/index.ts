export type { AlertNews, Comparison, Condition, Severity, ThresholdFunction } from './news.ts';
export { type ChannelDeps, openChannels } from './open-channels.ts';
export { dropNews, ownChannelIds, queueNews } from './queue-store.ts';
