import './app/style.css';
import { askEarly, loadEarly } from './app/start-early';

const AT_MOST_MS = 200;

/** Resolves when the start page has been painted: the app's code, which comes meanwhile, would hold that up. */
const painted = () =>
  new Promise<void>((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    // What nobody sees is not painted.
    setTimeout(resolve, AT_MOST_MS);
  });

/** Not awaited at the top: what is imported shares modules with this one and would wait for it. */
async function main() {
  const path = location.pathname;
  askEarly(path).catch(() => undefined);
  await painted();
  const app = import('./app/framework').then(() => import('./app/components')).then(() => import('./app/start'));
  loadEarly(path).catch(() => undefined);
  const { start } = await app;
  await start();
}
void main();
