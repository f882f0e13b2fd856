/** A message was not taken. Its text may be shown to the channel's owner: it holds nothing of what was answered. */
export class Undelivered extends Error {
  override name = 'Undelivered';
  /** Trying again would not help. */
  readonly isFinal: boolean;
  /** Seconds to wait, if the receiver said so. */
  readonly retryAfter: number | undefined;

  constructor(message: string, { isFinal = false, retryAfter }: { isFinal?: boolean; retryAfter?: number } = {}) {
    super(message);
    this.isFinal = isFinal;
    this.retryAfter = retryAfter;
  }
}
