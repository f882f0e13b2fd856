import { emulate } from '../../../../tools/real/emulation.ts';

/** Boards have other processors than this machine. */
export const setup = () => emulate('arm64', 'armhf');
