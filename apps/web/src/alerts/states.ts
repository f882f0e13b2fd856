import type { AlertState } from '../api/types';

export type { AlertState };
export const STATES: readonly AlertState[] = ['firing', 'pending', 'resolved'];
