import { mount } from '@vue/test-utils';
import { expect, it, vi } from 'vitest';
import { nextTick, ref } from 'vue';
import RangePicker from './RangePicker.vue';
import type { Span, TimeRange } from './time-range';

function open(range: TimeRange, view: Span) {
  const control = { range: ref(range), view: ref(view), live: ref('preset' in range), set: vi.fn() };
  const picker = mount(RangePicker, { props: { control: control as never }, attachTo: document.body });
  const dialog = () => document.querySelector<HTMLElement>('[role=dialog]');
  return { picker, control, dialog, select: picker.find('select') };
}

it('shows the current range after a custom one was cancelled, and opens again', async () => {
  const { picker, dialog, select } = open({ preset: '1h' }, { from: 0, to: 3_600_000 });
  for (let time = 0; time < 2; time++) {
    await select.setValue('own');
    await vi.waitFor(() => expect(dialog()).not.toBeNull());
    dialog()?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
    await vi.waitFor(() => expect(dialog()).toBeNull());
    await nextTick();
    expect(select.element.value).toBe('1h');
  }
  picker.unmount();
});

it('shows a view shorter than a minute to the second', async () => {
  const view = { from: Date.UTC(2030, 0, 1, 12, 0, 5), to: Date.UTC(2030, 0, 1, 12, 0, 25) };
  const { picker, control, dialog } = open(view, view);
  await picker.find('button.rounded.px-1').trigger('click');
  await vi.waitFor(() => expect(dialog()).not.toBeNull());
  expect(dialog()?.querySelector('[role=alert]')).toBeNull();
  dialog()
    ?.querySelector('form')
    ?.dispatchEvent(new Event('submit', { cancelable: true }));
  expect(control.set).toHaveBeenCalledWith(view);
  picker.unmount();
});
