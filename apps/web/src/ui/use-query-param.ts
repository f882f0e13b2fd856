import { computed, nextTick, ref, type WritableComputedRef, watch } from 'vue';
import { type Router, useRoute, useRouter } from 'vue-router';

/** What is about to be written into the address: several parameters set at once make one navigation. */
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

/** A piece of the page's state kept in its address; left out where it is the default. */
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
  // The address follows a moment later; a field that is being typed into must not wait for it.
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
