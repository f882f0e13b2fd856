import { defineStore } from 'pinia';
import { computed, readonly, ref } from 'vue';
import { readProblem } from '../api/problem';
import { reach } from '../api/reachability';
import type { SignedIn, User } from '../api/types';
import { exclusively } from './tab-lock';
import { type Grant, openTabs } from './tabs';

/** Renewed this long before it expires, or at two thirds of a short life. */
const AHEAD_MS = 30_000;

/** Who is signed in. `ended`: the session is gone but the page, with what was typed, stays for signing in again. */
export const useSession = defineStore('session', () => {
  const state = ref<'unknown' | 'signed-in' | 'signed-out' | 'ended'>('unknown');
  const user = ref<User | null>(null);
  let grant: Grant | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tabs = openTabs({ current: () => (isGood(grant) ? grant : null), onGrant: hold, onSignedOut: forget });

  function hold(next: Grant) {
    // Somebody else signed in in another tab: what this tab shows is no longer theirs.
    if (user.value && user.value.id !== next.user.id) return location.reload();
    grant = next;
    user.value = next.user;
    state.value = 'signed-in';
    clearTimeout(timer);
    const life = next.expiresAt - Date.now();
    timer = setTimeout(() => void renew(next.token).catch(() => undefined), life - Math.min(AHEAD_MS, life / 3));
  }

  function forget() {
    clearTimeout(timer);
    grant = null;
    user.value = null;
    state.value = 'signed-out';
  }

  /** The session is over without anyone having signed out. */
  function end() {
    clearTimeout(timer);
    grant = null;
    state.value = user.value ? 'ended' : 'signed-out';
  }

  /** Takes a reply of sign-in, set-up or invitation. */
  function adopt({ access_token, expires_in, user: signedIn }: SignedIn) {
    const next = { token: access_token, expiresAt: Date.now() + expires_in * 1000, user: signedIn };
    hold(next);
    tabs.grant(next);
  }

  /** The access token, good for now; null when nobody is signed in. */
  async function token(): Promise<string | null> {
    if (grant && !isGood(grant)) await renew(grant.token);
    return grant?.token ?? null;
  }

  /** A new access token in place of `stale`. @returns false when the session has ended @throws ApiProblem when nobody answers */
  function renew(stale: string | null): Promise<boolean> {
    return exclusively(async () => {
      if (grant && grant.token !== stale && isGood(grant)) return true;
      // keepalive: the reply must be taken even when the page goes, or the cookie would be one that was used.
      const response = await reach('/api/auth/refresh', { method: 'POST', keepalive: true });
      if (response.ok) adopt((await response.json()) as SignedIn);
      else if (response.status === 401) end();
      else throw await readProblem(response);
      return response.ok;
    });
  }

  async function resume(): Promise<void> {
    await tabs.ask();
    if (!grant) await renew(null);
  }

  async function signOut(): Promise<void> {
    await reach('/api/auth/logout', { method: 'POST' });
    forget();
    tabs.signedOut();
  }

  function rename(changed: User) {
    user.value = changed;
    if (grant) grant = { ...grant, user: changed };
  }

  const isAdmin = computed(() => user.value?.role === 'admin');
  return { state: readonly(state), user: readonly(user), isAdmin, adopt, token, renew, resume, signOut, end, rename };
});

const isGood = (grant: Grant | null): boolean => grant !== null && grant.expiresAt - Date.now() > 2_000;
