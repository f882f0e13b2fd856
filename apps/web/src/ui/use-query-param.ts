import { computed, nextTick, type Ref, shallowRef, type WritableComputedRef, watch } from 'vue';
import { type LocationQueryValue, type Router, useRoute, useRouter } from 'vue-router';

type Patch = Record<string, string | string[] | undefined>;
/** Changes to be written to the URL: parameters set together make one navigation. */
const pending = new WeakMap<Router, Patch>();

function write(router: Router, patch: Patch): void {
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

type Raw = LocationQueryValue | LocationQueryValue[] | undefined;

function useKept<Value>(
  name: string,
  read: (raw: Raw) => Value,
  written: (value: Value) => Patch[string],
): WritableComputedRef<Value> {
  const route = useRoute();
  const router = useRouter();
  const inAddress = () => read(route.query[name]);
  // The URL is updated a moment later, and a field must not wait for that while someone types.
  const current: Ref<Value> = shallowRef(inAddress());
  watch(inAddress, (value) => {
    if (!pending.has(router)) current.value = value;
  });
  return computed({
    get: () => current.value,
    set(value) {
      current.value = value;
      write(router, { [name]: written(value) });
    },
  });
}

/** A piece of the page's state, kept in the URL's query. The default value is left out. */
export const useQueryParam = <Value extends string>(name: string, fallback: Value, allowed?: readonly Value[]) =>
  useKept<Value>(
    name,
    (raw) => (typeof raw !== 'string' || (allowed && !allowed.includes(raw as Value)) ? fallback : (raw as Value)),
    (value) => (value === fallback ? undefined : value),
  );

/** Several texts, kept in the URL's query as `name=a&name=b`. */
export const useQueryList = (name: string) =>
  useKept<string[]>(
    name,
    (raw) => [...new Set([raw].flat())].filter((text): text is string => typeof text === 'string' && text !== ''),
    (values) => (values.length > 0 ? values : undefined),
  );
