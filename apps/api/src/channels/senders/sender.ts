import type { ChannelSecrets } from '../channel-settings.ts';
import type { Letter } from '../messages/write-letter.ts';
import type { News } from '../news.ts';

/** Where a message goes. */
export interface Target {
  settings: Record<string, unknown>;
  secrets: ChannelSecrets;
}

export interface Message {
  /** A UUID, the same whenever this message is sent again: receivers know repetitions by it. */
  key: string;
  news: News[];
  letter: Letter;
}

/** Resolves when the receiver has taken the message. @throws Undelivered */
export type Send = (target: Target, message: Message, signal: AbortSignal) => Promise<void>;
