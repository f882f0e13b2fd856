import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments, stringify } from 'yaml';
import { ensureHelm, ensureKubeconform, ensureKubernetesSchemas, KUBERNETES } from '../../tools/real/kubernetes.ts';

const CHART = join(import.meta.dirname, 'robowatch');

export interface Container {
  name: string;
  image: string;
  command?: string[];
  env?: { name: string; value?: string }[];
  ports?: { name: string; containerPort: number }[];
  resources?: { requests?: object; limits?: { memory?: string } };
  securityContext?: object;
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[];
}
export interface PodSpec {
  securityContext?: object;
  automountServiceAccountToken?: boolean;
  containers: Container[];
  volumes?: { name: string }[];
}
interface Selector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; values: string[] }[];
}
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: {
    template?: { metadata: { labels: Record<string, string> }; spec: PodSpec };
    selector?: Record<string, string> & Selector;
    podSelector?: Selector;
    ports?: { port: number; targetPort: string }[];
    [key: string]: unknown;
  };
}

export const manifestsIn = (text: string): Manifest[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);

async function inFile<Result>(text: string, work: (path: string) => Promise<Result>): Promise<Result> {
  const dir = await mkdtemp(join(tmpdir(), 'robowatch-chart-'));
  const path = join(dir, 'file.yaml');
  try {
    await writeFile(path, text);
    return await work(path);
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** What Helm makes of the chart with these values. @throws with what Helm says */
export async function render(values: object = {}): Promise<Manifest[]> {
  const helm = await ensureHelm();
  return inFile(stringify(values), async (path) => {
    const args = ['template', 'rw', CHART, '--kube-version', KUBERNETES, '--values', path];
    return manifestsIn((await promisify(execFile)(helm, args)).stdout);
  });
}

/** @returns what Helm finds to improve; empty if nothing */
export async function lint(): Promise<string> {
  const { stdout } = await promisify(execFile)(await ensureHelm(), ['lint', '--strict', '--quiet', CHART]);
  return stdout.trim();
}

/** Checks manifests by Kubernetes' schemas. @returns what is wrong with them; empty if nothing */
export async function invalid(manifests: object[]): Promise<string[]> {
  const [kubeconform, schemas] = [await ensureKubeconform(), await ensureKubernetesSchemas()];
  return inFile(manifests.map((manifest) => stringify(manifest)).join('---\n'), async (path) => {
    // One after the other, so that they are told in order.
    const checks = ['-strict', '-n', '1', '-output', 'json', '-kubernetes-version', KUBERNETES];
    const args = [...checks, '-schema-location', schemas, path];
    const said = await promisify(execFile)(kubeconform, args).catch((error: { stdout: string }) => error);
    const { resources } = JSON.parse(said.stdout) as { resources: { name: string; msg: string }[] };
    return (resources ?? []).map(({ name, msg }) => `${name}: ${msg}`);
  });
}
