import type { Plugin } from 'vite';

/** The start page names the app's code, so that a browser fetches it beside the small script that will ask for it. */
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
          // After the style, which is all that the first paint needs.
          attrs: { rel: 'modulepreload', crossorigin: true, fetchpriority: 'low', href: `/${file}` },
        }));
      },
    },
  };
}
