import type { Viewer } from '../robots/index.ts';

/** Who a token is for. */
export interface GatewayCaller extends Viewer {
  /** E-mail, for the audit log. */
  name: string;
}
/** @returns undefined when the token is not valid, or its user not active */
export type IdentifyCaller = (token: string) => Promise<GatewayCaller | undefined>;
