export type { GatewayCaller, IdentifyCaller } from './caller.ts';
export { FluxGateway } from './gateway.ts';
