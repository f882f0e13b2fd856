import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { buildOnce } from './build-cache.ts';
import { goInstall } from './go-install.ts';
import { runCommand } from './run-command.ts';

const HELM = 'v3.19.0';
const KUBECONFORM = 'v0.7.0';
/** Has the schemas of many releases of Kubernetes. */
const VALIDATE = '1.37.0';
const GATEWAY_API = 'v1.4.0';
export const KUBERNETES = '1.34.0';

/** Helm, built on first use (two minutes; needs Go). @returns its path */
export const ensureHelm = () =>
  buildOnce('helm', HELM, (dir) => goInstall(dir, [`helm.sh/helm/v3/cmd/helm@${HELM}`], {}));

/** What checks manifests by their schema, built on first use. @returns its path */
export const ensureKubeconform = () =>
  buildOnce('kubeconform', KUBECONFORM, (dir) =>
    goInstall(dir, [`github.com/yannh/kubeconform/cmd/kubeconform@${KUBECONFORM}`], { CGO_ENABLED: '0' }),
  );

/** Kubernetes' own schemas, without properties that it does not know, and the Gateway API's. @returns kubeconform's -schema-location */
export async function ensureKubernetesSchemas(): Promise<string> {
  const marker = await buildOnce('kubernetes-schemas', `${KUBERNETES}-${GATEWAY_API}`, async (dir) => {
    const missing = 'Python with venv is not installed: apt-get install python3-venv.';
    const venv = join(dir, 'venv');
    await runCommand('python3', ['-m', 'venv', venv], { missing });
    const quietly = ['--quiet', '--no-deps', '--disable-pip-version-check', '--target', join(dir, 'package')];
    const install = ['-m', 'pip', 'install', ...quietly, `kubernetes-validate==${VALIDATE}`];
    await runCommand(join(venv, 'bin/python'), install, { missing });
    const schemas = join(dir, 'schemas');
    const given = `package/kubernetes_validate/kubernetes-json-schema/v${KUBERNETES}-local-strict`;
    await cp(join(dir, given), schemas, { recursive: true });
    for (const name of ['venv', 'package']) await rm(join(dir, name), { recursive: true });
    for (const file of await readdir(schemas)) await makeLocal(join(schemas, file));
    await addRoute(schemas);
    await writeFile(join(dir, 'kubernetes-schemas'), '');
  });
  return join(dirname(marker), 'schemas', '{{.ResourceKind}}{{.KindSuffix}}.json');
}

/** Lets a schema refer to the files beside it instead of to the internet. */
async function makeLocal(path: string): Promise<void> {
  const { $id: _, ...schema } = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify(schema).replaceAll('"/api/_definitions.json#', '"_definitions.json#'));
}

interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: boolean | Schema;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
}

/** The schema of HTTPRoute, from the resource's own definition. */
async function addRoute(schemas: string): Promise<void> {
  const missing = 'Go is not installed (https://go.dev/dl).';
  await mkdir(schemas, { recursive: true });
  const said = await runCommand('go', ['mod', 'download', '-json', `sigs.k8s.io/gateway-api@${GATEWAY_API}`], {
    cwd: schemas,
    env: { ...process.env, GOFLAGS: '-modcacherw' },
    missing,
  });
  const { Dir } = JSON.parse(said) as { Dir: string };
  const definition = parse(
    await readFile(join(Dir, 'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml'), 'utf8'),
  ) as { spec: { versions: { name: string; schema: { openAPIV3Schema: Schema } }[] } };
  const version = definition.spec.versions.find(({ name }) => name === 'v1');
  if (!version) throw new Error('The Gateway API has no HTTPRoute v1.');
  const { openAPIV3Schema } = version.schema;
  // An object's metadata is described elsewhere.
  const { metadata: _, ...described } = openAPIV3Schema.properties ?? {};
  for (const one of Object.values(described)) refuseUnknown(one);
  await writeFile(join(schemas, 'httproute-gateway-v1.json'), JSON.stringify(openAPIV3Schema));
}

/** As Kubernetes does with strict validation. */
function refuseUnknown(schema: Schema): void {
  const { properties, items, additionalProperties } = schema;
  if (properties && additionalProperties === undefined && !schema['x-kubernetes-preserve-unknown-fields'])
    schema.additionalProperties = false;
  for (const one of Object.values(properties ?? {})) refuseUnknown(one);
  if (items) refuseUnknown(items);
}
