import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { startStack } from '../../tools/real/stack.ts';
import { ensureTelegraf } from '../../tools/real/telegraf.ts';
import { backupTests } from './backups.ts';
import { createClient } from './client.ts';
import { containerTests } from './containers.ts';
import { crashTests } from './crashes.ts';
import { credentialTests } from './credentials.ts';
import { doctorTests } from './doctor.ts';
import { engineTests } from './engine.ts';
import { journeyTests } from './journey.ts';
import { networkTests } from './networks.ts';
import { openIdTests } from './openid.ts';
import { replicaTests } from './replicas.ts';
import { robotTests } from './robot.ts';
import { rotationTests } from './rotation.ts';
import type { Running } from './running.ts';
import { supersetTests } from './superset.ts';
import { tlsTests } from './tls.ts';
import { upgradeTests } from './upgrade.ts';

let running: Running;
const dir = mkdtempSync(join(tmpdir(), 'robowatch-stack-test-'));
const given = () => running;

beforeAll(async () => {
  await ensureTelegraf();
  const stack = await startStack();
  const client = createClient(stack);
  await client.setUp();
  running = { stack, client, dir };
});
afterAll(async () => {
  await running?.client.close();
  await running?.stack.stop();
  rmSync(dir, { recursive: true, force: true });
});

engineTests(given);
containerTests(given);
networkTests(given);
tlsTests(given);
openIdTests(given);
robotTests(given);
supersetTests(given);
journeyTests(given);
credentialTests(given);
replicaTests(given);
crashTests(given);
doctorTests(given);
upgradeTests(given);
backupTests(given);
rotationTests(given);
