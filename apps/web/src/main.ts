import './app/style.css';
import '@fontsource-variable/inter/wght.css';
import { VueQueryPlugin } from '@tanstack/vue-query';
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import { queryClient } from './api/query-client';
import App from './app/App.vue';
import { i18n, useChosenLocale } from './app/i18n';
import { makeRouter } from './app/router';
import { registerIcons } from './ui/icons';

registerIcons();
await useChosenLocale();
const app = createApp(App).use(createPinia()).use(i18n).use(VueQueryPlugin, { queryClient });
app.use(makeRouter()).mount('#app');
