import { ensureBuilt } from '../build/ensure-built.ts';

/** The browser sees what `npm start` would serve. */
export default ensureBuilt;
