import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { ServerProcess } from '../../apps/api/test/support/server-process.ts';

const HOUR_MS = 3_600_000;
const DAYS = 29;
/** Of an hour, when it is measured. */
const MINUTES = [10, 40];
const LINES_AT_ONCE = 4_000;
const PASSWORD = 'correct horse battery';

/** What a kind of robot is like: how busy, how warm at rest and by how much at full load, and its traffic in bytes an hour. */
interface Kind {
  names: string[];
  architecture: 'arm64' | 'amd64' | 'armhf';
  busy: [night: number, day: number];
  temperature: [rest: number, rise: number];
  memory: number;
  disks: [path: string, used: number, growthADay: number][];
  bytes: [received: number, sent: number];
}

const KINDS: Record<string, Kind> = {
  courier: {
    ...{ names: ['01', '02', '03', '04', '05', '06', '07', '08'], architecture: 'arm64', busy: [8, 62], memory: 48 },
    ...{ temperature: [39, 38], disks: [['/', 41, 0.3]], bytes: [9e7, 2.4e8] },
  },
  picker: {
    ...{ names: ['east', 'west', 'north'], architecture: 'amd64', busy: [12, 71], memory: 63, temperature: [36, 29] },
    disks: [
      ['/', 37, 0.1],
      ['/data', 61, 1.1],
    ],
    bytes: [6.2e8, 3.1e8],
  },
  rover: {
    ...{ names: ['alder', 'birch', 'cedar', 'dogwood', 'elm'], architecture: 'arm64', busy: [5, 78], memory: 55 },
    ...{ temperature: [34, 47], disks: [['/', 58, 0.7]], bytes: [3e7, 9e7] },
  },
  greenhouse: {
    ...{ names: ['a', 'b', 'c', 'd'], architecture: 'armhf', busy: [6, 24], memory: 71, temperature: [44, 22] },
    ...{ disks: [['/', 82, 0.22]], bytes: [4e6, 8e6] },
  },
  scout: {
    ...{ names: ['mini', 'maxi', 'spare'], architecture: 'arm64', busy: [18, 88], memory: 74, temperature: [42, 36] },
    ...{ disks: [['/', 24, 1.6]], bytes: [1.2e8, 6.5e8] },
  },
};
const PEOPLE = ['Ada', 'Grace', 'Katherine', 'Radia'];
const SITES = ['Harbour', 'Hill farm', 'Lab'];

/** Reproducible noise from 0 to 1. */
const noise = (...parts: number[]) => {
  const x = Math.sin(parts.reduce((sum, part, i) => sum + part * (12.9898 + 65.12 * i), 1)) * 43758.5453;
  return x - Math.floor(x);
};

/**
 * Two dozen robots of four people, as they could have been over thirty days, sent through the server's own API. Times of
 * pairing and of being online cannot be sent, so those are written to the database.
 */
export async function demonstrationFleet(
  { call, signIn }: Pick<ServerProcess, 'call' | 'signIn'>,
  databaseUrl: string,
) {
  const admin = await signIn();
  const owners = await Promise.all(
    PEOPLE.map(async (name) => {
      const email = `${name.toLowerCase()}@lab.example`;
      await call('POST', '/users', { token: admin, body: { email, name, role: 'user', password: PASSWORD } });
      return signIn(email, PASSWORD);
    }),
  );
  const end = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  let number = 0;
  for (const [role, kind] of Object.entries(KINDS))
    for (const name of kind.names) {
      const token = owners[[0, 0, 1, 2, 1, 3, 0][number % 7] as number] as string;
      const code = String(31_000_000 + number);
      const hostname = `${role}-${name}`;
      await call('POST', '/pair', { body: { hostname, code, architecture: kind.architecture } });
      const { body } = await call('POST', `/pair/${code}/confirm`, { token, body: { name: hostname } });
      const labels = { site: SITES[number % 3], role };
      await call('PATCH', `/robots/${body.robot_id}`, { token, body: { labels } });
      const lines = linesOf(kind, number, end);
      for (let i = 0; i < lines.length; i += LINES_AT_ONCE) {
        const sent = { token: body.influxdb_token as string, body: lines.slice(i, i + LINES_AT_ONCE).join('\n') };
        const reply = await call('POST', '/metrics?precision=ms', sent);
        if (reply.status !== 204) throw new Error(JSON.stringify(reply.body));
      }
      number++;
    }
  await agree(databaseUrl, number);
}

/** Whether a robot measured in an hour: now and then it is away, and each fifth one was broken for some days. */
function isOn(robot: number, hour: number) {
  const day = Math.floor(hour / 24);
  if (robot % 5 === 3 && day % 30 >= 8 + (robot % 11) && day % 30 < 11 + (robot % 13)) return false;
  return noise(robot, day, 3) > 0.06 + 0.05 * (robot % 4) || noise(robot, hour, 5) > 0.4;
}

function linesOf(kind: Kind, robot: number, end: number): string[] {
  const lines: string[] = [];
  const counters: [number, number] = [0, 0];
  for (let hour = -DAYS * 24; hour <= 0; hour++) {
    const start = end + hour * HOUR_MS;
    const age = hour / 24;
    if (hour < 0 && !isOn(robot, Math.floor(start / HOUR_MS))) continue;
    for (const minute of hour < 0 ? MINUTES : [0]) {
      const time = start + minute * 60_000;
      const at = (series: string, fields: string) => lines.push(`${series} ${fields} ${time}`);
      const clock = new Date(time).getUTCHours();
      const weekend = [0, 6].includes(new Date(time).getUTCDay());
      const [night, day] = kind.busy;
      const work = Math.max(0, Math.sin(((clock - 5) / 15) * Math.PI)) * (weekend ? 0.35 : 1);
      const cpu = Math.min(99, night + (day - night) * work * (0.75 + 0.5 * noise(robot, hour, minute)));
      const warmth = 3 * Math.sin(((clock - 9) / 24) * 2 * Math.PI) + 4 * Math.sin(age / 4) + (robot % 3);
      const [rest, rise] = kind.temperature;
      at('cpu,cpu=cpu-total', `usage_idle=${(100 - cpu).toFixed(2)}`);
      at(
        'mem',
        `used_percent=${Math.min(97, kind.memory + cpu / 6 + 5 * noise(robot, hour, 7) + (robot % 6)).toFixed(2)}`,
      );
      at('temp,sensor=soc', `temp=${(rest + (rise * cpu) / 100 + warmth).toFixed(1)}`);
      const load1 = (cpu / 25) * (0.8 + 0.4 * noise(robot, hour, 9));
      at('system', `load1=${load1.toFixed(2)},uptime=${Math.round((hour + DAYS * 24 + 1) * 3600)}i`);
      for (const [path, used, growth] of kind.disks) {
        const percent = Math.min(99.5, used + (robot % 4) * 2.5 + (age + DAYS) * growth * (0.6 + (robot % 3) * 0.3));
        at(`disk,path=${path}`, `used_percent=${percent.toFixed(2)}`);
      }
      const share = (0.15 + work) / MINUTES.length;
      counters[0] += Math.round(kind.bytes[0] * share);
      counters[1] += Math.round(kind.bytes[1] * share);
      at('net,interface=wlan0', `bytes_recv=${counters[0]}i,bytes_sent=${counters[1]}i`);
      at('syslog', 'level="info",program="nav",message="Goal reached"');
      if (noise(robot, hour, minute, 2) < 0.03 * (1 + (robot % 7)))
        lines.push(`syslog level="err",program="nav",message="Lost localisation" ${time + 7}`);
    }
  }
  return lines;
}

async function agree(databaseUrl: string, robots: number) {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    await client.query(`update robots set created_at = now() - interval '45 days'`);
    await client.query('update rollup_due set due_at = now()');
    for (let left = 1; left > 0; await sleep(1_000))
      left = Number((await client.query('select count(*) from rollup_due where due_at <= now()')).rows[0].count);
    // Sightings are written by a job.
    for (let seen = 0; seen < robots; await sleep(500))
      seen = Number((await client.query('select count(*) from robot_presence')).rows[0].count);
    await client.query(
      `update robot_activity set reports = 340,
         online_s = least(3600, extract(epoch from now()) - hour * 3600.0) - (robot_id * hour % 7) * 40`,
    );
    // Two that fell silent, and one that is refused.
    await client.query(`update robot_presence set seen_at = now() - interval '31 hours' where robot_id in (6, 17)`);
    await client.query(`update robots set last_seen_at = now() - interval '31 hours' where id in (6, 17)`);
    await client.query(
      `update robots set status = 'error', error_reason = 'field temp of temp is a text' where id = 12`,
    );
  } finally {
    await client.end();
  }
}
