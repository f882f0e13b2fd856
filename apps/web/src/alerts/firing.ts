import { type ComputedRef, computed, type InjectionKey, inject } from 'vue';
import type { Alert } from '../api/types';

/** What is firing, by robot, for every row of the fleet's list. */
export const FIRING: InjectionKey<ComputedRef<Map<number, Alert[]>>> = Symbol('firing');

export const useFiringOf = (robotId: () => number): ComputedRef<Alert[]> => {
  const firing = inject(FIRING, undefined);
  return computed(() => firing?.value.get(robotId()) ?? []);
};
