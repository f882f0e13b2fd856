import '@fontsource-variable/inter/wght.css';
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import { registerIcons } from '../ui/icons';
import { nextTask } from '../ui/use-turns';
import App from './App.vue';
import { i18n, useChosenLocale } from './i18n';
import { makeRouter } from './router';

/** Replaces the name on the start page once the first page has loaded. */
export async function start(): Promise<void> {
  registerIcons();
  await useChosenLocale();
  const router = makeRouter();
  await nextTask();
  const app = createApp(App).use(createPinia()).use(i18n).use(router);
  // If the first page cannot be loaded, the app says so.
  const settled = router.isReady().catch(() => undefined);
  settled.then(nextTask).then(() => app.mount('#app'));
}
