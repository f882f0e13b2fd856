import { ensureBuilt } from '../build/ensure-built.ts';

/** Builds the app, so that the browser gets what `npm start` would serve. */
export default ensureBuilt;
