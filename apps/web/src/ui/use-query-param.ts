import { computed, nextTick, ref, type WritableComputedRef, watch } from 'vue';
import { type Router, useRoute, useRouter } from 'vue-router';

/** Changes to be written to the URL: parameters set together make one navigation. */
const pending = new WeakMap<Router, Record<string, string | undefined>>();

function write(router: Router, patch: Record<string, string | undefined>): void {
  const queued = pending.get(router);
  if (queued) {
    Object.assign(queued, patch);
    return;
  }
  pending.set(router, { ...patch });
  void nextTick(() => {
    const changes = pending.get(router);
    pending.delete(router);
    const { query, hash } = router.currentRoute.value;
    void router.replace({ query: { ...query, ...changes }, hash });
  });
}

/** A piece of the page's state, kept in the URL's query. The default value is left out. */
export function useQueryParam<Value extends string>(
  name: string,
  fallback: Value,
  allowed?: readonly Value[],
): WritableComputedRef<Value> {
  const route = useRoute();
  const router = useRouter();
  const inAddress = (): Value => {
    const value = route.query[name];
    if (typeof value !== 'string' || (allowed && !allowed.includes(value as Value))) return fallback;
    return value as Value;
  };
  // The URL is updated a moment later, and a field must not wait for that while someone types.
  const current = ref(inAddress());
  watch(inAddress, (value) => {
    if (!pending.has(router)) current.value = value as typeof current.value;
  });
  return computed({
    get: () => current.value as Value,
    set(value) {
      current.value = value as typeof current.value;
      write(router, { [name]: value === fallback ? undefined : value });
    },
  });
}
