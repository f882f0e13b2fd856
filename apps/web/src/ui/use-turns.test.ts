import { mount } from '@vue/test-utils';
import { expect, it } from 'vitest';
import { defineComponent, h } from 'vue';
import { useTurns } from './use-turns';

const tasks = async (count: number) => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve));
};

function pieces() {
  const drawn: number[] = [];
  const component = defineComponent({
    setup() {
      const turn = useTurns(3);
      return () => {
        drawn.push(turn.value);
        return h('p');
      };
    },
  });
  return { drawn, component: mount(component) };
}

it('renders one more piece per task, and stops after the last', async () => {
  const { drawn } = pieces();
  expect(drawn).toEqual([0]);
  await tasks(12);
  expect(drawn).toEqual([0, 1, 2, 3]);
});

it('stops when its component is unmounted', async () => {
  const { drawn, component } = pieces();
  component.unmount();
  await tasks(12);
  expect(drawn).toEqual([0]);
});
