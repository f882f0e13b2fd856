import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query';
import { flushPromises, mount } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import CodeEntry from './CodeEntry.vue';
import InstallCommand from './InstallCommand.vue';
import { installCommand } from './install-command';

const robot = {
  hostname: 'orange',
  name: 'orange',
  architecture: 'arm64',
  address: '192.0.2.1',
  requested_at: '2030-01-01T00:00:00Z',
  age_s: 3,
  expires_in: 900,
};
let answers: [status: number, body: object][];
beforeEach(() => {
  setActivePinia(createPinia());
  answers = [];
  vi.stubGlobal('fetch', async () => {
    const [status, body] = answers.shift() ?? [500, {}];
    const headers = { 'content-type': status === 200 ? 'application/json' : 'application/problem+json' };
    return new Response(JSON.stringify(body), { status, headers });
  });
});
afterEach(() => vi.unstubAllGlobals());

it('is one line, and checks a private authority against its checksum', () => {
  expect(installCommand({ public_url: 'https://r.example', ca_sha256: null })).toBe(
    'curl -fsSL https://r.example/install.sh | sudo sh',
  );
  const command = installCommand({ public_url: 'https://r.example', ca_sha256: 'ab12' });
  expect(command.indexOf('sha256sum -c')).toBeLessThan(command.indexOf('install.sh'));
  expect(command).toContain('echo "ab12  robowatch-ca.crt"');
});

it('offers no command before the server has sent the checksum', async () => {
  let answer: (server: object) => void = () => undefined;
  vi.stubGlobal(
    'fetch',
    () =>
      new Promise((resolve) => {
        answer = (server) => resolve(Response.json(server));
      }),
  );
  const field = mount(InstallCommand, { global: { plugins: [[VueQueryPlugin, { queryClient: new QueryClient() }]] } });
  await flushPromises();
  expect(field.text()).not.toContain('curl');
  answer({ public_url: 'https://r.example', ca_sha256: 'ab12', demo: false, grafana_url: null });
  await vi.waitFor(() => expect(field.text()).toContain('echo "ab12  robowatch-ca.crt"'));
});

it('looks up the code of a link at once', async () => {
  answers.push([200, robot]);
  const page = mount(CodeEntry, { props: { initial: '1234 5678' } });
  await flushPromises();
  await vi.waitFor(() => expect(page.emitted('found')).toEqual([['12345678', robot]]));
});

it('opens the numeric keyboard, accepts only digits, and looks up a complete code', async () => {
  let asked = 0;
  vi.stubGlobal('fetch', async () => {
    asked++;
    return Response.json(robot);
  });
  const page = mount(CodeEntry, { attachTo: document.body });
  const boxes = page.findAll('fieldset input[inputmode]');
  expect(boxes.map((box) => box.attributes('inputmode'))).toEqual(Array(8).fill('numeric'));
  for (const box of boxes) await box.setValue('a');
  await flushPromises();
  expect([asked, page.find('button').attributes('disabled')]).toEqual([0, '']);
  for (const [i, box] of boxes.entries()) {
    expect(asked).toBe(0);
    await box.setValue(String(i));
  }
  await vi.waitFor(() => expect(page.emitted('found')).toEqual([['01234567', robot]]));
  page.unmount();
});

it('accepts a code with a dash, and says what to do if no robot shows it', async () => {
  answers.push([404, { code: 'not_found', status: 404, title: '', detail: '', request_id: '' }]);
  const page = mount(CodeEntry, { attachTo: document.body });
  const paste = Object.assign(new Event('paste', { bubbles: true, cancelable: true }), {
    clipboardData: { getData: () => '1234-5678' },
  });
  page.find('input').element.dispatchEvent(paste);
  await vi.waitFor(() => expect(page.text()).toContain('No robot shows this code'));
  expect(
    page
      .findAll('input')
      .map((input) => input.element.value)
      .join(''),
  ).toContain('12345678');
  page.unmount();
});

it('after a refusal looks up only on submit, and never the same code twice', async () => {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async ({ url }: Request) => {
    asked.push(url.slice(-8));
    const body = JSON.stringify({ code: 'not_found', status: 404, title: '', detail: '', request_id: '' });
    return new Response(body, { status: 404, headers: { 'content-type': 'application/problem+json' } });
  });
  const page = mount(CodeEntry, { attachTo: document.body });
  const boxes = page.findAll('fieldset input[inputmode]');
  const type = async (digits: string) => {
    for (const [i, digit] of [...digits].entries()) await boxes[i]?.setValue(digit);
    await flushPromises();
  };
  const enter = async () => {
    await page.find('form').trigger('submit');
    await flushPromises();
  };
  await type('12345678');
  await vi.waitFor(() => expect(page.text()).toContain('No robot shows this code'));
  await enter();
  expect(asked).toEqual(['12345678']);
  await type('87654321');
  expect(asked).toEqual(['12345678']);
  await enter();
  expect(asked).toEqual(['12345678', '87654321']);
  await type('8');
  await enter();
  expect(asked).toHaveLength(2);
  for (const box of boxes) await box.setValue('');
  await type('11112222');
  expect(asked).toEqual(['12345678', '87654321', '11112222']);
  page.unmount();
});
