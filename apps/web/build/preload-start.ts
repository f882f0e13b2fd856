import type { Plugin } from 'vite';

/** Adds preload links for the app's code to the start page, so that it loads in parallel with the small script that imports it. */
export function preloadStart(): Plugin {
  return {
    name: 'preload-start',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle = {} }) {
        const chunks = Object.values(bundle).filter((file) => file.type === 'chunk');
        const start = chunks.filter(({ moduleIds, facadeModuleId }) =>
          [...moduleIds, facadeModuleId].some((id) => id?.endsWith('/src/app/start.ts')),
        );
        if (start.length === 0) throw new Error('src/app/start.ts is in no chunk.');
        const files = new Set(start.flatMap(({ fileName, imports }) => [...imports, fileName]));
        const unnamed = [...files].filter((file) => !html.includes(file));
        return unnamed.map((file) => ({
          tag: 'link',
          // Low priority: the first paint needs only the style.
          attrs: { rel: 'modulepreload', crossorigin: true, fetchpriority: 'low', href: `/${file}` },
        }));
      },
    },
  };
}
