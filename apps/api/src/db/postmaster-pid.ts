import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const fileOf = (data: string) => join(data, 'postmaster.pid');

/**
 * The server running on this data folder. postmaster.pid: line 1 pid, 4 port, 8 `ready` (src/include/utils/pidfile.h).
 */
export function readPidFile(data: string): { pid: number; port: number } | undefined {
  const lines = linesOf(data);
  const pid = Number(lines[0]);
  if (lines[7]?.trim() !== 'ready' || !isRunning(pid) || !servesFolder(pid, data)) return undefined;
  return { pid, port: Number(lines[3]) };
}

/** Whether a server uses this data folder, also one that is starting or stopping. */
export function isServing(data: string): boolean {
  const pid = Number(linesOf(data)[0]);
  return isRunning(pid) && servesFolder(pid, data);
}

/**
 * After a power cut, or in a restarted container, another process may have the pid in the file. If it belongs to the
 * same user, PostgreSQL would mistake it for a running server and never start.
 */
export function dropStalePidFile(data: string): void {
  const pid = Number(linesOf(data)[0]);
  if (isRunning(pid) && !servesFolder(pid, data)) rmSync(fileOf(data), { force: true });
}

function linesOf(data: string): string[] {
  try {
    return readFileSync(fileOf(data), 'utf8').split('\n');
  } catch {
    return [];
  }
}

function isRunning(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** PostgreSQL's working directory is its data folder. Without /proc, the pid file is trusted. */
function servesFolder(pid: number, data: string): boolean {
  if (!existsSync('/proc/self/cwd')) return true;
  try {
    return realpathSync(`/proc/${pid}/cwd`) === realpathSync(data);
  } catch (error) {
    // In a container, root may not inspect other users' processes, except for their name.
    return ['EACCES', 'EPERM'].includes((error as { code: string }).code) && nameOf(pid) === 'postgres';
  }
}

function nameOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
