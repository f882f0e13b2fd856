import './app/style.css';
import '@fontsource-variable/inter/wght.css';
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import App from './app/App.vue';
import { i18n, useChosenLocale } from './app/i18n';
import { makeRouter } from './app/router';
import { registerIcons } from './ui/icons';

registerIcons();
await useChosenLocale();
const router = makeRouter();
const app = createApp(App).use(createPinia()).use(i18n).use(router);
// Until the first page is there, the start page shows the name.
router.isReady().finally(() => app.mount('#app'));
