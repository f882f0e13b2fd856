export { confirmPairing } from './confirm-pairing.ts';
export { forgetTokens } from './pair-code-store.ts';
