import './app/style.css';
import { keepsSiteData } from './app/site-data';
import { askEarly, loadEarly } from './app/start-early';

const AT_MOST_MS = 200;

/** Resolves when the start page has been painted: running the app's code earlier would delay that. */
const painted = () =>
  new Promise<void>((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    // A hidden page is never painted.
    setTimeout(resolve, AT_MOST_MS);
  });

/** Not awaited at the top level: the imported modules share modules with this one and would wait for it. */
async function main() {
  if (!keepsSiteData()) return (await import('./app/no-site-data')).showNoSiteData();
  const path = location.pathname;
  askEarly(path).catch(() => undefined);
  await painted();
  const app = import('./app/framework').then(() => import('./app/components')).then(() => import('./app/start'));
  loadEarly(path).catch(() => undefined);
  const { start } = await app;
  await start();
}
void main();
