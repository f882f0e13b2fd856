export { addIcon, Icon } from '@iconify/vue/offline';
/** All icons are bundled, so none needs loading. */
export const iconLoaded = () => true;
