import { fetchPushKey } from './queries';

/** Why this browser gets no push messages; null when it can. */
export function whyNoPush(): 'insecure' | 'unsupported' | 'denied' | null {
  if (!window.isSecureContext) return 'insecure';
  if (!('serviceWorker' in navigator) || !('PushManager' in window)) return 'unsupported';
  return Notification.permission === 'denied' ? 'denied' : null;
}

/**
 * Asks the person for permission and this browser's push service for a subscription.
 * @returns why there is none, if the person refuses or the push service does not answer
 */
export async function subscribe(): Promise<PushSubscriptionJSON | 'denied' | 'unreachable'> {
  if ((await Notification.requestPermission()) !== 'granted') return 'denied';
  await navigator.serviceWorker.register('/service-worker.js');
  const { pushManager } = await navigator.serviceWorker.ready;
  const applicationServerKey = await fetchPushKey();
  // A subscription for another key, as after a new installation of the server, must go first.
  await (await pushManager.getSubscription())?.unsubscribe();
  try {
    return (await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey })).toJSON();
  } catch {
    return 'unreachable';
  }
}
