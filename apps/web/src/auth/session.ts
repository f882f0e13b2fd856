import { defineStore } from 'pinia';
import { computed, readonly, ref } from 'vue';
import { readProblem } from '../api/problem';
import { reach } from '../api/reachability';
import type { SignedIn, User } from '../api/types';
import { foundSession, grantOf, refresh } from './find-session';
import { exclusively } from './tab-lock';
import { askOtherTabs, type Grant, openTabs } from './tabs';

/** Renewed this long before it expires, or at two thirds of a short life. */
const AHEAD_MS = 30_000;

/** Who is signed in. `leaving`: being signed out. `ended`: the session is gone but the page, with what was typed, stays for signing in again. */
export const useSession = defineStore('session', () => {
  const state = ref<'unknown' | 'signed-in' | 'leaving' | 'signed-out' | 'ended'>('unknown');
  const user = ref<User | null>(null);
  let grant: Grant | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tabs = openTabs({ current: () => (isGood(grant) ? grant : null), onGrant: hold, onSignedOut: forget });

  function hold(next: Grant) {
    // Somebody else signed in in another tab: what this tab shows is no longer theirs.
    if (user.value && user.value.id !== next.user.id) return location.reload();
    grant = next;
    user.value = next.user;
    if (state.value !== 'leaving') state.value = 'signed-in';
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
  const adopt = (reply: SignedIn) => take(grantOf(reply));

  function take(next: Grant) {
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
      const next = await refresh(reach);
      if (next) take(next);
      else end();
      return next !== null;
    });
  }

  async function resume(): Promise<void> {
    const found = await foundSession();
    if (grant) return; // told by another tab meanwhile
    if (found === null) return end();
    const known = found ?? (await askOtherTabs());
    if (known && isGood(known)) take(known);
    else if (!grant) await renew(null);
  }

  /** @throws ApiProblem when the server has not ended the session: it goes on */
  async function signOut(): Promise<void> {
    const before = state.value;
    // Nothing more is asked for with a token that is about to be dead.
    if (before === 'signed-in') state.value = 'leaving';
    try {
      const response = await reach('/api/auth/logout', { method: 'POST' });
      if (!response.ok) throw await readProblem(response);
    } catch (error) {
      state.value = before;
      throw error;
    }
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
