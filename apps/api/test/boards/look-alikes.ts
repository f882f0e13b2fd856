import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { System } from '../../../../tools/real/system-root.ts';

export interface LookAlike {
  name: string;
  system: System;
  /** What the kernel says its processor is, when that differs from what programs are for. */
  machine?: string;
  model: string;
  /** The system's name, as its own image has it. */
  os: string;
  /** By path. */
  files: Record<string, string>;
}

const RASPBIAN = `PRETTY_NAME="Raspbian GNU/Linux 12 (bookworm)"
NAME="Raspbian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=raspbian
ID_LIKE=debian
`;
const ARMBIAN = `PRETTY_NAME="Armbian 24.11.1 bookworm"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
`;
const RPI_ISSUE = 'Raspberry Pi reference 2024-11-19\nGenerated using pi-gen, stage2\n';

/** Systems whose own images are not had here: Debian, with those of their files that the agent could decide by. */
export const LOOK_ALIKES: LookAlike[] = [
  {
    name: 'raspberry-pi-os-32',
    system: { suite: 'bookworm', architecture: 'armhf' },
    // From a Raspberry Pi 4 on it boots a kernel of 64 bits; programs have 32.
    machine: 'aarch64',
    model: 'Raspberry Pi 4 Model B Rev 1.4',
    os: 'Raspbian GNU/Linux 12 (bookworm)',
    files: { 'usr/lib/os-release': RASPBIAN, 'etc/rpi-issue': RPI_ISSUE },
  },
  {
    name: 'raspberry-pi-os-64',
    system: { suite: 'bookworm', architecture: 'arm64' },
    model: 'Raspberry Pi 5 Model B Rev 1.0',
    os: 'Debian GNU/Linux 12 (bookworm)',
    files: { 'etc/rpi-issue': RPI_ISSUE },
  },
  {
    name: 'armbian',
    system: { suite: 'bookworm', architecture: 'arm64' },
    model: 'Orange Pi 5',
    os: 'Armbian 24.11.1 bookworm',
    files: {
      'usr/lib/os-release': ARMBIAN,
      'etc/armbian-release':
        'BOARD=orangepi5\nBOARD_NAME="Orange Pi 5"\nBOARDFAMILY=rockchip-rk3588\nVERSION=24.11.1\n',
    },
  },
];

/** The kernel's folder with a device tree, which a PC has not. */
const PROC = `mkdir -p /opt/proc/device-tree && for one in /proc/*; do ln -s "$one" /opt/proc/; done
  echo HOST_PROC=/opt/proc >>/etc/default/telegraf`;

/** Makes a running Debian look like another system on another board. */
export async function disguise(board: { root: string; run(script: string): Promise<unknown> }, as: LookAlike) {
  await board.run(PROC);
  const put = (path: string, text: string) => writeFileSync(join(board.root, path), text);
  put('opt/proc/device-tree/model', `${as.model}\0`);
  for (const [path, text] of Object.entries(as.files)) put(path, text);
  if (!as.machine) return;
  put('usr/local/bin/uname', `#!/bin/sh\n/usr/bin/uname "$@" | sed 's/armv7l/${as.machine}/'\n`);
  chmodSync(join(board.root, 'usr/local/bin/uname'), 0o755);
}
