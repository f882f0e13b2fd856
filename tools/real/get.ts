import { ensureChdb } from './chdb.ts';
import { ensureDebian } from './debian.ts';
import { ensureCompose, ensureDocker } from './docker-programs.ts';
import { ensureInfluxd } from './influxd.ts';
import { ensureHelm, ensureKubeconform, ensureKubernetesSchemas } from './kubernetes.ts';
import { ensurePublicImages } from './public-images.ts';
import { ensureSuperset } from './superset-venv.ts';
import { ensureTelegraf } from './telegraf.ts';

const programs: Record<string, () => Promise<string>> = {
  telegraf: ensureTelegraf,
  influxd: ensureInfluxd,
  chdb: ensureChdb,
  debian: ensureDebian,
  docker: ensureDocker,
  compose: ensureCompose,
  images: ensurePublicImages,
  superset: ensureSuperset,
  helm: ensureHelm,
  kubeconform: ensureKubeconform,
  'kubernetes-schemas': ensureKubernetesSchemas,
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in programs));
if (names.length === 0 || unknown.length > 0) {
  process.stderr.write(`Usage: node tools/real/get.ts ${Object.keys(programs).join(' ')}\n`);
  process.exit(2);
}

try {
  for (const name of names) process.stdout.write(`${await programs[name]?.()}\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
