import { readdir, readFile } from 'node:fs/promises';

/** Of Linux on all machines that Node runs on: sysconf(_SC_CLK_TCK). */
const TICKS = 100;

/** Processor seconds of processes that come and go, and of all that PostgreSQL has started. */
export function watchProcessor(pids: () => number[], postgres: () => number) {
  const spent = new Map<number, number>();
  const look = async () => {
    for (const pid of pids()) spent.set(pid, (await secondsOf(pid)) || (spent.get(pid) ?? 0));
  };
  const timer = setInterval(look, 500);
  return {
    async seconds() {
      await look();
      const servers = [...spent.values()].reduce((sum, one) => sum + one, 0);
      return { servers, postgres: await familySeconds(postgres()) };
    },
    stop: () => clearInterval(timer),
  };
}

/** proc(5): utime, stime, cutime, cstime are fields 14 to 17. */
async function fieldsOf(pid: number): Promise<number[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
}

async function secondsOf(pid: number): Promise<number> {
  const fields = await fieldsOf(pid);
  return ((fields[11] ?? 0) + (fields[12] ?? 0)) / TICKS;
}

/** With its children, those that have ended too. */
async function familySeconds(pid: number): Promise<number> {
  const own = await fieldsOf(pid);
  let sum = own.slice(11, 15).reduce((one, other) => one + other, 0) / TICKS;
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    if ((await fieldsOf(Number(name)))[1] === pid) sum += await secondsOf(Number(name));
  }
  return sum;
}
