export { addIcon, Icon } from '@iconify/vue/offline';
/** Everything bundled is there at once. */
export const iconLoaded = () => true;
