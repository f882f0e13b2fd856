import { init } from 'virtual:nuxt-ui-icons';
import { addIcon } from '@iconify/vue/offline';

/** Nuxt UI's own plugin without its style element, and the icons of this bundle under both of their spellings. */
export function registerIcons(): void {
  init((name, icon) => {
    addIcon(name, icon);
    addIcon(name.replace(':', '-'), icon);
  });
}
