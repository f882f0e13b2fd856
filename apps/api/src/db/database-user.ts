import { execFileSync } from 'node:child_process';

export interface DatabaseUser {
  uid: number;
  gid: number;
}

/** PostgreSQL refuses to run as root: the user it runs as then, `undefined` when we are not root. */
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

/**
 * The command that runs `file` as that user. Where setpriv exists it also keeps the right to pass through folders
 * that only root may enter (a checkout under /root or in a private temporary folder).
 */
export function asDatabaseUser(file: string, args: string[], user: DatabaseUser | undefined) {
  if (!user) return { file, args, options: {} };
  if (!hasSetpriv()) return { file, args, options: { uid: user.uid, gid: user.gid } };
  const keep = ['--inh-caps=-all,+dac_read_search', '--ambient-caps=-all,+dac_read_search'];
  const become = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  return { file: 'setpriv', args: [...become, ...keep, '--', file, ...args], options: {} };
}

function hasSetpriv(): boolean {
  try {
    execFileSync('setpriv', ['--inh-caps=-all,+dac_read_search', '--ambient-caps=-all,+dac_read_search', 'true'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}
