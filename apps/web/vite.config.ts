import { fileURLToPath } from 'node:url';
import ui from '@nuxt/ui/vite';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';
import { precompress } from './build/precompress.ts';
import { preloadStart } from './build/preload-start.ts';

/** Nuxt UI's defaults, except: components are imported by name, colours are in app/style.css, icons are bundled. */
export const nuxtUi = () =>
  ui({
    components: false,
    autoImport: false,
    dts: false,
    colorMode: false,
    experimental: { componentDetection: true },
    icon: { clientBundle: { scan: { globInclude: ['src/**/*.{vue,ts}'] }, sizeLimitKb: 64 } },
  });

/** Iconify without networking: a missing icon must not be requested from a third party. */
export const iconify = {
  find: /^@iconify\/vue$/,
  replacement: fileURLToPath(new URL('src/ui/iconify.ts', import.meta.url)),
};

/**
 * One file each for the start script, for what every page needs, and for what every signed-in page needs. Forty small
 * files would queue for the browser's six connections.
 */
const together = [
  { name: 'main', test: /src\/main\.ts|rolldown\/runtime/, priority: 4 },
  {
    name: 'framework',
    test: /src\/app\/framework\.ts|node_modules\/(@vue|vue|vue-router|vue-i18n|@intlify|pinia)\//,
    priority: 3,
  },
  { name: 'components', test: /src\/app\/components\.ts/, priority: 2 },
  { name: 'start', test: /src\/app\/start\.ts/, priority: 1 },
  {
    name: 'signed-in',
    test: /src\/(app\/SignedInApp|robots\/(use-robots|StateMark)|ui\/(use-format|use-query-param|CopyField)|pairing\/InstallCommand|api\/server)\.(vue|ts)/,
  },
];

const apiUrl = process.env.API_URL ?? 'http://127.0.0.1:9100';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [vue(), nuxtUi(), preloadStart(), precompress()],
  resolve: { alias: [iconify] },
  define: {
    __VUE_I18N_FULL_INSTALL__: false,
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
    __INTLIFY_DROP_MESSAGE_COMPILER__: false,
    __VUE_PROD_DEVTOOLS__: false,
  },
  build: {
    target: 'es2022',
    manifest: true,
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: { output: { codeSplitting: { groups: together } } },
  },
  server: { host: '127.0.0.1', port: 9102, proxy: { '/api': apiUrl, '/oidc': apiUrl } },
});
