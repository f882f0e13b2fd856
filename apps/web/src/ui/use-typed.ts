import { refDebounced } from '@vueuse/core';
import { type Ref, ref, watch } from 'vue';

const AT_REST_MS = 350;

/** The text of a field for `value`, a piece of the address: what is typed reaches it once the hand rests. */
export function useTyped(value: Ref<string>): Ref<string> {
  const typed = ref(value.value);
  const settled = refDebounced(typed, AT_REST_MS);
  let own = value.value;
  watch(settled, (text) => {
    own = value.value = text;
  });
  watch(value, (text) => {
    // Otherwise changed by a link or by going back.
    if (text === own) return;
    own = typed.value = text;
  });
  return typed;
}
