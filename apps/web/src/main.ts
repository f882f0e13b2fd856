import './app/style.css';
import '@fontsource-variable/inter/wght.css';
import { startEarly } from './app/start-early';

/** Resolves when the start page has been painted: the app's code, which comes meanwhile, would hold that up. */
const painted = () =>
  new Promise<void>((resolve) => (document.hidden ? resolve() : requestAnimationFrame(() => setTimeout(resolve))));

/** Not awaited at the top: what is imported shares modules with this one and would wait for it. */
async function main() {
  startEarly(location.pathname).catch(() => undefined);
  await painted();
  const { start } = await import('./app/start');
  await start();
}
void main();
