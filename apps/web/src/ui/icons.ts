import { init } from 'virtual:nuxt-ui-icons';
import { addIcon } from '@iconify/vue/offline';

/** Replaces Nuxt UI's plugin, which adds a style element. Registers the bundled icons under both of their spellings. */
export function registerIcons(): void {
  init((name, icon) => {
    addIcon(name, icon);
    addIcon(name.replace(':', '-'), icon);
  });
}
