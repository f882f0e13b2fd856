import type { CDPSession, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { freePort } from '../../../tools/real/free-port.ts';
import { useBrowser, visible } from './browser.ts';
import { DESKTOP, PHONE } from './chromium.ts';
import { asUser } from './robots.ts';
import { ADMIN, PASSWORD, withAdmin } from './server.ts';

type Json = Record<string, unknown>;
type Api = Awaited<ReturnType<typeof asUser>>;

/** A device with a fingerprint reader, whose owner always touches it. */
async function addDevice(page: Page, isUserVerified = true) {
  const cdp: CDPSession = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const options = {
    ...({ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true } as const),
    ...{ isUserVerified, automaticPresenceSimulation: true },
  };
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options });
  const keys = async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials;
  return { cdp, authenticatorId, keys };
}

async function addPasskey(page: Page, name: string) {
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name of the passkey').fill(name);
  await dialog.getByLabel('Current password').fill(PASSWORD);
  await dialog.getByRole('button', { name: 'Continue' }).click();
}

const post = async (url: string, path: string, body: unknown, token?: unknown) => {
  const authorization = token ? { authorization: `Bearer ${token}` } : undefined;
  const headers = { 'content-type': 'application/json', ...authorization };
  const reply = await fetch(`${url}/api${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: reply.status, body: (reply.status === 204 ? {} : await reply.json()) as Json };
};

describe('where the server has a name and a secure page', async () => {
  const port = String(await freePort());
  const url = `http://localhost:${port}`;
  const browser = useBrowser({ ...withAdmin, WEB_PORT: port, PUBLIC_URL: url }, [url]);
  const open = (viewport = DESKTOP) => browser.open({ viewport, baseURL: url });

  const newUser = async (email: string) => {
    const admin: Api = await asUser(url);
    const { id } = (await admin('POST', '/users', { email, name: 'P', role: 'user', password: PASSWORD })) as Json;
    return id as number;
  };
  const signInBy = async (page: Page, email: string) => {
    await page.goto('/sign-in?next=/profile');
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('button', { name: 'Add a passkey' }).waitFor();
  };
  /** An answer of the device in this page that has not been sent. */
  const assertion = async (page: Page, given?: Json) => {
    const options = given ?? ((await post(url, '/auth/passkey/options', {})).body.options as Json);
    return page.evaluate(async (json) => {
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(json as never);
      const answer = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential;
      return answer.toJSON() as Record<string, unknown>;
    }, options);
  };
  const withPasskey = async (email: string) => {
    const id = await newUser(email);
    const page = await (await open()).newPage();
    const device = await addDevice(page);
    await signInBy(page, email);
    await addPasskey(page, 'first');
    await page.getByRole('listitem').filter({ hasText: 'first' }).waitFor();
    return { id, page, device, email };
  };

  it.each([
    ['a desktop', DESKTOP],
    ['a phone', PHONE],
  ])('one is added, signs in without a password, and is removed, on %s', async (where, viewport) => {
    const email = `${where.replace(' ', '-')}@lab.example`;
    await newUser(email);
    const page = await (await open(viewport)).newPage();
    const device = await addDevice(page);
    await signInBy(page, email);
    await addPasskey(page, `laptop on ${where}`);
    const item = page.getByRole('listitem').filter({ hasText: `laptop on ${where}` });
    await item.getByText('never used').waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    const [key] = await device.keys();
    expect([(await device.keys()).length, key?.isResidentCredential, key?.rpId]).toEqual([1, true, 'localhost']);

    await addPasskey(page, 'once more');
    await visible(page, 'This device has a passkey of this account already.');

    await page.context().clearCookies();
    await page.goto('/sign-in?next=/profile');
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await item.getByText(/used (now|.* ago|just)/).waitFor();
    expect(await page.getByText(email).first().isVisible()).toBe(true);
    await item.getByRole('button').click();
    await page.getByRole('dialog').getByLabel('Current password').fill(PASSWORD);
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    // Behind the dialog the list has no roles: whether the passkey is gone shows when that has closed.
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await item.waitFor({ state: 'detached' });

    await page.context().clearCookies();
    await page.goto('/sign-in');
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await visible(page, 'This passkey was not accepted');
  });

  it('an answer works once, also ten times at once, and only with the challenge it is for', async () => {
    const { page } = await withPasskey('once@lab.example');
    const credential = await assertion(page);
    const replies = await Promise.all(Array.from({ length: 10 }, () => post(url, '/auth/passkey', { credential })));
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
    const { options } = (await post(url, '/auth/passkey/options', {})).body as { options: Json };
    const made = await assertion(page, { ...options, challenge: 'A'.repeat(43) });
    expect((await post(url, '/auth/passkey', { credential: made })).body.code).toBe('passkey_refused');
  });

  it('neither a changed answer nor one whose counter did not grow is accepted', async () => {
    const { page, device, id } = await withPasskey('counter@lab.example');
    const credential = (await assertion(page)) as { response: { signature: string; userHandle: string } };
    const flipped = credential.response.signature.replace(/..$/, (end) => (end === 'AA' ? 'BB' : 'AA'));
    const changed = { ...credential, response: { ...credential.response, signature: flipped } };
    expect((await post(url, '/auth/passkey', { credential: changed })).body.code).toBe('passkey_refused');
    expect((await post(url, '/auth/passkey', { credential: await assertion(page) })).status).toBe(200);

    const [key] = await device.keys();
    const { cdp, authenticatorId } = device;
    await cdp.send('WebAuthn.removeCredential', { authenticatorId, credentialId: key?.credentialId ?? '' });
    await cdp.send('WebAuthn.addCredential', { authenticatorId, credential: { ...key, signCount: 0 } as never });
    expect((await post(url, '/auth/passkey', { credential: await assertion(page) })).body.code).toBe('passkey_refused');
    const log = (await (await asUser(url))('GET', '/audit?action=auth.passkey_refused')) as { items: Json[] };
    expect(log.items.filter(({ actor_id }) => actor_id === id)).toHaveLength(2);
  });

  it('a device that does not check who uses it is not accepted', async () => {
    const { page, device } = await withPasskey('unverified@lab.example');
    const { cdp, authenticatorId } = device;
    const { options } = (await post(url, '/auth/passkey/options', {})).body as { options: Json };
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    const credential = await assertion(page, { ...options, userVerification: 'discouraged' });
    expect((await post(url, '/auth/passkey', { credential })).body.code).toBe('passkey_refused');
  });

  it('says that the prompt was cancelled, and lets one try again', async () => {
    const { page, device } = await withPasskey('hesitant@lab.example');
    const { cdp, authenticatorId } = device;
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    await addPasskey(page, 'second');
    await visible(page, 'The passkey prompt was cancelled, or took too long.');
    await page.context().clearCookies();
    await page.goto('/sign-in?next=/profile');
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await visible(page, 'The passkey prompt was cancelled, or took too long.');
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.waitForURL(/\/profile$/);
  });

  it('the wrong person neither adds nor removes one', async () => {
    const { page } = await withPasskey('right@lab.example');
    await newUser('wrong@lab.example');
    const login = async (email: string) =>
      (await post(url, '/auth/login', { email, password: PASSWORD })).body.access_token;
    const [right, wrong] = [await login('right@lab.example'), await login('wrong@lab.example')];
    const me = async (token: unknown) => {
      const reply = await fetch(`${url}/api/auth/second-factor`, { headers: { authorization: `Bearer ${token}` } });
      return (await reply.json()) as { passkeys: { id: string }[] };
    };
    const id = (await me(right)).passkeys[0]?.id;
    const password = { current_password: PASSWORD };
    expect((await post(url, `/auth/passkeys/${id}/remove`, password, wrong)).status).toBe(404);
    expect((await post(url, `/auth/passkeys/${id}/remove`, { current_password: 'x' }, right)).status).toBe(401);

    const { options } = (await post(url, '/auth/passkeys/options', password, wrong)).body as { options: Json };
    const credential = await page.evaluate(async (json) => {
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(json as never);
      const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
      return made.toJSON() as Record<string, unknown>;
    }, options);
    const body = { name: 'stolen', credential };
    expect((await post(url, '/auth/passkeys', body, right)).body.code).toBe('passkey_refused');
    expect((await post(url, '/auth/passkeys', body, wrong)).body.code).toBe('passkey_refused');
    const { body: made } = await post(url, '/api-keys', { name: 'k', scope: 'write' }, right);
    expect((await post(url, '/auth/passkeys/options', password, made.key)).body.code).toBe('forbidden');
    expect((await me(right)).passkeys).toHaveLength(1);
  });

  it('ends with the account’s deactivation', async () => {
    const { page, id } = await withPasskey('off@lab.example');
    const credential = await assertion(page);
    const admin = await asUser(url);
    await admin('PATCH', `/users/${id}`, { is_active: false });
    expect((await post(url, '/auth/passkey', { credential })).body.code).toBe('passkey_refused');
  });
});

describe('where everyone must have a second factor', async () => {
  const port = String(await freePort());
  const url = `http://localhost:${port}`;
  const env = { ...withAdmin, WEB_PORT: port, PUBLIC_URL: url, REQUIRE_SECOND_FACTOR: 'everyone' };
  const browser = useBrowser(env, [url]);

  it('a passkey is one, and the password alone is not enough any more', async () => {
    const page = await (await browser.open({ baseURL: url })).newPage();
    await addDevice(page);
    const enterPassword = async () => {
      await page.getByLabel('E-mail').fill(ADMIN);
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    };
    await page.goto('/sign-in?next=/admin/users');
    await enterPassword();
    await page.getByRole('button', { name: 'Use a passkey instead' }).click();
    await page.getByLabel('Name of the passkey').fill('key');
    await page.getByLabel('Current password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('heading', { name: 'Users' }).waitFor();

    await page.context().clearCookies();
    await page.goto('/sign-in?next=/admin/users');
    await enterPassword();
    await visible(page, 'Finish with the passkey of this account.');
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByRole('heading', { name: 'Users' }).waitFor();
  });
});

describe('where the server is reached by a bare address', () => {
  const browser = useBrowser(withAdmin);

  it('the sign-in page does not offer passkeys, and the profile says why', async () => {
    const page = await (await browser.admin()).newPage();
    await page.goto('/profile');
    await visible(page, 'Not possible here: browsers offer passkeys only over HTTPS');
    expect(await page.getByRole('button', { name: 'Add a passkey' }).count()).toBe(0);
    await page.context().clearCookies();
    const known = page.waitForResponse('**/api/server');
    await page.goto('/sign-in');
    await (await known).finished();
    await page.getByLabel('E-mail').waitFor();
    await page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted))));
    expect(await page.getByRole('button', { name: 'Sign in with a passkey' }).count()).toBe(0);
  });
});
