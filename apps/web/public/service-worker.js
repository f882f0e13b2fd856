/** Shows the server's push messages, and opens the app at what they tell of. Nothing else: pages need no worker. */
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('push', (event) => {
  const { title, body, url, tag } = event.data?.json() ?? {};
  const options = { body, tag, icon: '/icon-192.png', badge: '/icon-192.png', data: { url } };
  event.waitUntil(self.registration.showNotification(title ?? 'Robowatch', options));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const url = new URL(event.notification.data?.url ?? '/alerts', self.location.origin);
  if (url.origin === self.location.origin) event.waitUntil(show(url.href));
});

/** In the tab that is there already, or a new one. */
async function show(url) {
  const tabs = await self.clients.matchAll({ type: 'window' });
  const tab = tabs.find(({ visibilityState }) => visibilityState === 'visible') ?? tabs[0];
  if (!tab) return self.clients.openWindow(url);
  await tab.navigate(url);
  return tab.focus();
}
