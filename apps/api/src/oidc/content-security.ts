import { hash } from 'node:crypto';
import type { OpenIdClient } from '../config/openid-clients.ts';
import { SUBMIT } from './pages.ts';

/**
 * Pages of the provider load nothing and run one script. Signing out leads from a form back to an app, so that must be
 * allowed as a form's target.
 */
export const contentSecurity = (clients: OpenIdClient[]) => ({
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: [`'sha256-${hash('sha256', SUBMIT, 'base64')}'`],
    formAction: ["'self'", ...clients.map(({ url }) => new URL(url).origin)],
    frameAncestors: ["'none'"],
    baseUri: ["'none'"],
  },
});
