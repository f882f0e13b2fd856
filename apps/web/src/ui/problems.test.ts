import { enableAutoUnmount, mount } from '@vue/test-utils';
import { afterEach, expect, it, vi } from 'vitest';
import { ApiProblem, type ProblemReason, readProblem } from '../api/problem';
import { i18n } from '../app/i18n';
import { ru } from '../locales/ru';
import ProblemAlert from './ProblemAlert.vue';
import { useAction } from './use-action';

enableAutoUnmount(afterEach);

it("reads a problem document, and takes a proxy's error page as unreachable", async () => {
  const body = JSON.stringify({
    code: 'rate_limited',
    reason: 'range_too_long',
    status: 429,
    detail: 'd',
    request_id: 'r',
  });
  const headers = { 'content-type': 'application/problem+json', 'retry-after': '30' };
  const problem = await readProblem(new Response(body, { status: 429, headers }));
  expect([problem.code, problem.reason, problem.requestId]).toEqual(['rate_limited', 'range_too_long', 'r']);
  expect((problem.retryAt ?? 0) - Date.now()).toBeGreaterThan(25_000);
  expect((await readProblem(new Response('<html>', { status: 502 }))).code).toBe('unreachable');
});

it('counts down, and allows a retry only then', () => {
  const problem = new ApiProblem('rate_limited', 429, '', null, Date.now() + 21_000);
  const alert = mount(ProblemAlert, { props: { error: problem, retryable: true } });
  expect(alert.text()).toMatch(/Try again in 2\d seconds/);
  expect(alert.find('button').attributes('disabled')).toBeDefined();
});

it('announces the waiting time once, not every second, and in minutes if it is long', async () => {
  vi.useFakeTimers();
  const problem = (seconds: number) => new ApiProblem('rate_limited', 429, '', null, Date.now() + seconds * 1000);
  const alert = mount(ProblemAlert, { props: { error: problem(30) } });
  const [announced, shown] = [alert.find('[role=alert]').text(), alert.find('[aria-hidden][data-countdown]').text()];
  expect(announced).toContain('Try again in 30 seconds');
  await vi.advanceTimersByTimeAsync(5_000);
  expect(alert.find('[role=alert]').text()).toBe(announced);
  expect(alert.find('[data-countdown]').text()).not.toBe(shown);
  await alert.setProps({ error: problem(600) });
  expect(alert.find('[role=alert]').text()).toContain('Try again in 10 minutes.');
  vi.useRealTimers();
});

it("sets the server's text apart, and translates known reasons", () => {
  const alert = (detail: string, reason?: ProblemReason) =>
    mount(ProblemAlert, {
      props: { error: new ApiProblem('validation_failed', 400, detail, null, undefined, reason) },
    });
  const unknown = alert('body/email must match format "email".');
  expect(unknown.text()).toContain('Check it and try again.');
  expect(unknown.find('q[lang=en]').text()).toBe('body/email must match format "email".');
  i18n.global.setLocaleMessage('ru', ru);
  i18n.global.locale.value = 'ru';
  const known = alert('However the server words it.', 'password_common');
  expect(known.text()).toContain('Этот пароль легко угадать');
  expect(known.find('q').exists()).toBe(false);
  expect(alert('something new').text()).toMatch(/Проверьте введённое.*Сервер сообщает:\s*something new/s);
  i18n.global.locale.value = 'en';
});

it("shows an internal error's request id, and an unknown code as an internal error", () => {
  expect(
    mount(ProblemAlert, { props: { error: new ApiProblem('internal_error', 500, '', 'abc-1') } }).text(),
  ).toContain('abc-1');
  expect(mount(ProblemAlert, { props: { error: new Error('?') } }).text()).toContain('Something went wrong');
});

it('does not run an action twice at a time, and leaves an ended session to the dialog', async () => {
  let finish: () => void = () => undefined;
  const work = vi.fn(
    () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  );
  const { busy, run } = useAction(work);
  const first = run();
  expect([busy.value, await run()]).toEqual([true, false]);
  finish();
  expect([await first, work.mock.calls.length, busy.value]).toEqual([true, 1, false]);
  const ended = useAction(() => Promise.reject(new ApiProblem('session_ended', 401, '')));
  expect([await ended.run(), ended.problem.value]).toEqual([false, null]);
});
