import { config } from '@vue/test-utils';
import { createMemoryHistory, createRouter } from 'vue-router';
import { i18n } from './app/i18n';
import { registerIcons } from './ui/icons';

registerIcons();
const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: {} }] });
config.global.plugins = [i18n, router];
