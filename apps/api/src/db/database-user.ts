import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';

export interface DatabaseUser {
  uid: number;
  gid: number;
}

/** PostgreSQL refuses to run as root. @returns the user to run it as, or undefined when we are not root */
export function unprivilegedUser(): DatabaseUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) =>
        Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }).toString());
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // not on this system: try the next
    }
  }
  return { uid: 65534, gid: 65534 };
}

/** The command that runs `file` as that user; with setpriv, also without capabilities, now or in any child process. */
export function asDatabaseUser(file: string, args: string[], user: DatabaseUser | undefined) {
  if (!user) return { file, args, options: {} };
  if (!hasSetpriv()) return { file, args, options: { uid: user.uid, gid: user.gid } };
  const become = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  return { file: 'setpriv', args: [...become, ...NONE, '--', file, ...args], options: {} };
}

const NONE = ['--inh-caps=-all', '--ambient-caps=-all', '--bounding-set=-all', '--no-new-privs'];

function hasSetpriv(): boolean {
  try {
    execFileSync('setpriv', [...NONE, 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Where a child's descriptors begin, after its three streams. */
const FIRST = 3;

/**
 * Gives another user's program access to files in folders only root may enter (under /root, in a private temporary
 * folder): Linux opens /proc/self/fd paths regardless of the permissions of parent folders.
 * @param work receives the paths to pass to the program, and the descriptors to append to its `stdio`
 */
export function handedOver<T>(
  files: string[],
  user: DatabaseUser | undefined,
  work: (paths: string[], stdio: number[]) => T,
): T {
  if (!user || !existsSync('/proc/self/fd')) return work(files, []);
  const open = files.map((file) => openSync(file, 'r'));
  try {
    return work(
      open.map((_, i) => `/proc/self/fd/${FIRST + i}`),
      open,
    );
  } finally {
    open.forEach(closeSync);
  }
}
