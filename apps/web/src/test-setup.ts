import { config } from '@vue/test-utils';
import { i18n } from './app/i18n';
import { registerIcons } from './ui/icons';

registerIcons();
config.global.plugins = [i18n];
