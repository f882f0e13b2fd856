import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from './child.ts';
import { freePort } from './free-port.ts';
import { untilListening } from './until-listening.ts';

const SERVER = '/usr/sbin/clickhouse-server';
const ZOOKEEPER = '/usr/share/java/zookeeper.jar';
const MISSING = 'A cluster needs: apt-get install --no-install-recommends clickhouse-server libzookeeper-java.';
export const CLUSTER = 'robots';
const START_MS = 60_000;
const ANSWER_MS = 2_000;

interface Ports {
  http: number;
  tcp: number;
  interserver: number;
}

/** What all machines of a cluster have in common. */
interface Layout {
  shards: number;
  zookeeperPort: number;
  password: string;
}

/**
 * Debian's ClickHouse of 2018 on three machines or more, and ZooKeeper: old, but their replication is the real one.
 * Machine `i` is of shard `i` modulo the number of shards.
 */
export async function startClickHouseCluster({ shards = 1, replicas = 3 } = {}) {
  if (!existsSync(SERVER) || !existsSync(ZOOKEEPER)) throw new Error(MISSING);
  const dir = await mkdtemp(join(tmpdir(), 'robowatch-cluster-'));
  const password = randomBytes(12).toString('hex');
  const zookeeperPort = await freePort();
  const all: Ports[] = [];
  for (let i = 0; i < shards * replicas; i++)
    all.push({ http: await freePort(), tcp: await freePort(), interserver: await freePort() });
  const zookeeper = await startZookeeper(join(dir, 'zookeeper'), zookeeperPort);
  const starts = all.map(
    (_, i) => () => startServer(join(dir, `server${i}`), i, all, { shards, zookeeperPort, password }),
  );
  const servers = await Promise.all(starts.map((start) => start()));
  return {
    urls: all.map(({ http }) => `http://127.0.0.1:${http}`),
    user: 'default',
    password,
    /** As in a power cut. */
    kill: (i: number) => (servers[i] as Child).kill(),
    async start(i: number) {
      servers[i] = await (starts[i] as () => Promise<Child>)();
    },
    output: (i: number) => servers[i]?.output() ?? '',
    async stop() {
      await Promise.all([...servers, zookeeper].map((one) => one.kill()));
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function startZookeeper(dir: string, port: number): Promise<Child> {
  await mkdir(join(dir, 'data'), { recursive: true });
  const settings = [
    `dataDir=${dir}/data`,
    `clientPort=${port}`,
    'clientPortAddress=127.0.0.1',
    'admin.enableServer=false',
  ];
  await writeFile(join(dir, 'zoo.cfg'), `${['tickTime=2000', ...settings].join('\n')}\n`);
  const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
  const path = [ZOOKEEPER, '/usr/share/java/slf4j-nop.jar'].join(':');
  const child = await startChild('java', ['-Xmx256m', '-cp', path, main, join(dir, 'zoo.cfg')], { cwd: dir, env: {} });
  await untilListening(port, child);
  // It listens before it serves.
  for (const end = Date.now() + START_MS; !(await ask(port, 'srvr')).includes('Mode:'); await sleep(100))
    if (child.hasExited() || Date.now() > end) throw new Error(`ZooKeeper did not start:\n${child.output()}`);
  return child;
}

/** One of ZooKeeper's four-letter commands. */
async function ask(port: number, word: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  // What it is asked too early it never answers.
  socket.setTimeout(ANSWER_MS, () => socket.destroy());
  socket.write(word);
  return text(socket).catch(() => '');
}

async function startServer(
  dir: string,
  index: number,
  all: Ports[],
  { shards, zookeeperPort, password }: Layout,
): Promise<Child> {
  await mkdir(dir, { recursive: true });
  const { http, tcp, interserver } = all[index] as Ports;
  const replica = ({ tcp }: Ports) =>
    `<replica><host>127.0.0.1</host><port>${tcp}</port><user>default</user><password>${password}</password></replica>`;
  const shard = (of: number) =>
    `<shard><internal_replication>true</internal_replication>${all
      .filter((_, i) => i % shards === of)
      .map(replica)
      .join('')}</shard>`;
  await writeFile(
    join(dir, 'config.xml'),
    `<yandex>
  <logger><level>warning</level><console>1</console></logger>
  <listen_host>127.0.0.1</listen_host>
  <http_port>${http}</http_port><tcp_port>${tcp}</tcp_port>
  <interserver_http_port>${interserver}</interserver_http_port><interserver_http_host>127.0.0.1</interserver_http_host>
  <path>${dir}/data/</path><tmp_path>${dir}/tmp/</tmp_path><user_files_path>${dir}/files/</user_files_path>
  <format_schema_path>${dir}/schemas/</format_schema_path>
  <users_config>${dir}/users.xml</users_config><default_profile>default</default_profile><default_database>default</default_database>
  <mark_cache_size>67108864</mark_cache_size><max_concurrent_queries>100</max_concurrent_queries>
  <zookeeper><node><host>127.0.0.1</host><port>${zookeeperPort}</port></node><session_timeout_ms>6000</session_timeout_ms></zookeeper>
  <macros><shard>${index % shards}</shard><replica>r${index}</replica></macros>
  <remote_servers><${CLUSTER}>${Array.from({ length: shards }, (_, of) => shard(of)).join('')}</${CLUSTER}></remote_servers>
</yandex>
`,
  );
  await writeFile(
    join(dir, 'users.xml'),
    `<yandex>
  <profiles><default><allow_experimental_low_cardinality_type>1</allow_experimental_low_cardinality_type></default></profiles>
  <quotas><default></default></quotas>
  <users><default><password>${password}</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users>
</yandex>
`,
  );
  const child = await startChild(SERVER, [`--config-file=${dir}/config.xml`], { cwd: dir, env: {} });
  await untilListening(http, child);
  return child;
}
