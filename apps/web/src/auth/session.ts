import { defineStore } from 'pinia';
import { computed, readonly, ref } from 'vue';
import { readProblem } from '../api/problem';
import { reach } from '../api/reachability';
import type { SignedIn, User } from '../api/types';
import { foundSession, grantOf, refresh } from './find-session';
import { exclusively } from './tab-lock';
import { askOtherTabs, type Grant, openTabs } from './tabs';

/** Renewed this long before it expires, or after two thirds of a short lifetime. */
const AHEAD_MS = 30_000;

/** Who is signed in. `leaving`: signing out. `ended`: the session is over, but the page keeps what was typed for signing in again. */
export const useSession = defineStore('session', () => {
  const state = ref<'unknown' | 'signed-in' | 'leaving' | 'signed-out' | 'ended'>('unknown');
  const user = ref<User | null>(null);
  /** Signed in, but nothing else works before a second factor is set up. */
  const mustEnrol = ref(false);
  /** Nobody signed out: signing in leads back to the page that was asked for. */
  const keepsPlace = ref(false);
  /** The server has accepted this page's session at least once. A token from another tab may belong to one that is over. */
  let isProven = false;
  let grant: Grant | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tabs = openTabs({ current: () => (isGood(grant) ? grant : null), onGrant: hold, onSignedOut: forget });

  function hold(next: Grant) {
    // Someone else signed in in another tab, so this tab must not show the previous user's data.
    if (user.value && user.value.id !== next.user.id) return location.reload();
    grant = next;
    user.value = next.user;
    mustEnrol.value = next.mustEnrol ?? false;
    if (state.value !== 'leaving') state.value = 'signed-in';
    clearTimeout(timer);
    const life = next.expiresAt - Date.now();
    timer = setTimeout(() => void renew(next.token).catch(() => undefined), life - Math.min(AHEAD_MS, life / 3));
  }

  function forget() {
    clearTimeout(timer);
    grant = null;
    user.value = null;
    mustEnrol.value = false;
    isProven = false;
    keepsPlace.value = false;
    state.value = 'signed-out';
  }

  /** The session is over, but nobody signed out. A page on which it never worked has nothing to keep. */
  function end() {
    const hasContent = user.value !== null && isProven;
    if (!hasContent) forget();
    clearTimeout(timer);
    grant = null;
    keepsPlace.value = true;
    state.value = hasContent ? 'ended' : 'signed-out';
  }

  /** The server has accepted the token. */
  const prove = () => {
    isProven = true;
  };

  /** Takes the reply to signing in, setting up or accepting an invitation. */
  const adopt = (reply: SignedIn) => take(grantOf(reply));

  /** What the server has just given. */
  function take(next: Grant) {
    hold(next);
    prove();
    tabs.grant(next);
  }

  /** A valid access token, null if nobody is signed in. */
  async function token(): Promise<string | null> {
    if (grant && !isGood(grant)) await renew(grant.token);
    return grant?.token ?? null;
  }

  /** Replaces the access token `stale`. @returns false if the session has ended @throws ApiProblem if the server does not respond */
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
    if (grant) return; // another tab has sent it meanwhile
    if (found === null) return end();
    const known = found ?? (await askOtherTabs());
    if (known && isGood(known)) (known.isBorrowed ? hold : take)(known);
    else if (!grant) await renew(null);
  }

  /** @throws ApiProblem if the server has not ended the session, which then continues */
  async function signOut(): Promise<void> {
    const before = state.value;
    /** Where the identity provider's own session ends, if this one was begun there. */
    let elsewhere: string | undefined;
    // No more requests with a token that is about to be revoked.
    if (before === 'signed-in') state.value = 'leaving';
    try {
      const response = await reach('/api/auth/logout', { method: 'POST' });
      if (!response.ok) throw await readProblem(response);
      if (response.status === 200) elsewhere = ((await response.json()) as { end_session_url: string }).end_session_url;
    } catch (error) {
      state.value = before;
      throw error;
    }
    forget();
    tabs.signedOut();
    if (elsewhere) location.assign(elsewhere);
  }

  /** The server has begun to require a second factor of this person. */
  function requireEnrolment() {
    mustEnrol.value = true;
    if (grant) grant = { ...grant, mustEnrol: true };
  }

  /** What the server says of the person now. */
  function setUser(changed: User) {
    user.value = changed;
    if (grant) grant = { ...grant, user: changed };
  }

  const isAdmin = computed(() => user.value?.role === 'admin');
  const actions = { adopt, token, renew, resume, signOut, end, prove, setUser, requireEnrolment };
  const shown = { state: readonly(state), user: readonly(user), mustEnrol: readonly(mustEnrol) };
  return { ...shown, keepsPlace: readonly(keepsPlace), isAdmin, ...actions };
});

const isGood = (grant: Grant | null): boolean => grant !== null && grant.expiresAt - Date.now() > 2_000;
