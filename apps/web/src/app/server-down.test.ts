import { mount } from '@vue/test-utils';
import { expect, it } from 'vitest';
import { ApiProblem } from '../api/problem';
import ServerDownState from './ServerDownState.vue';

it('says why the session cannot be looked up, and retries on request', async () => {
  const open = (code: ConstructorParameters<typeof ApiProblem>[0]) =>
    mount(ServerDownState, { props: { problem: new ApiProblem(code, 500, '', 'abc-1') } });
  const page = open('internal_error');
  expect(page.text()).toContain('abc-1');
  await page.find('button').trigger('click');
  expect(page.emitted('retry')).toHaveLength(1);
  expect(open('database_unavailable').text()).toContain('The database does not respond');
});
