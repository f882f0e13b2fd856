import { refDebounced } from '@vueuse/core';
import { type Ref, ref, watch } from 'vue';

const AT_REST_MS = 350;

/** The text of a field bound to a query parameter, which is updated with a debounce. */
export function useTyped(value: Ref<string>): Ref<string> {
  const typed = ref(value.value);
  const settled = refDebounced(typed, AT_REST_MS);
  let own = value.value;
  watch(settled, (text) => {
    own = value.value = text;
  });
  watch(value, (text) => {
    // Any other change comes from a link or from going back.
    if (text === own) return;
    own = typed.value = text;
  });
  return typed;
}
