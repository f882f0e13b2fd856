/** Why this page cannot use passkeys: `insecure` HTTP or an address without a name, `elsewhere` than at the server's URL, or an old `browser`. */
export type NoPasskeys = 'insecure' | 'elsewhere' | 'browser';

/** @param server what `GET /api/server` says */
export function whyNoPasskeys(server: { passkeys: boolean; public_url: string }): NoPasskeys | undefined {
  if (!server.passkeys) return 'insecure';
  if (new URL(server.public_url).origin !== location.origin) return 'elsewhere';
  return window.isSecureContext && 'PublicKeyCredential' in window ? undefined : 'browser';
}

/** The person closed the browser's dialog, or it timed out. */
export const isCancelled = (error: unknown): boolean =>
  error instanceof Error && ['NotAllowedError', 'AbortError'].includes(error.name);
/** The device has a passkey of this account already. */
export const isKnownDevice = (error: unknown): boolean => error instanceof Error && error.name === 'InvalidStateError';
