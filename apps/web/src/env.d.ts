declare module 'virtual:nuxt-ui-icons' {
  export function init(add: (name: string, icon: import('@iconify/vue').IconifyIcon) => void): void;
}
