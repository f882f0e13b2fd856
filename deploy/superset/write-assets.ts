import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { chartFile } from './chart.ts';
import { chartsOf, dashboardFile } from './dashboard.ts';
import { datasetFile } from './dataset-file.ts';
import { DATASETS } from './datasets.ts';
import { fleetUtilisation } from './fleet-utilisation.ts';
import { reliability } from './reliability.ts';

const FOLDER = join(import.meta.dirname, 'assets');
export const DASHBOARDS = [fleetUtilisation, reliability];
/** What is generated; the database and the metadata are written by hand. */
const GENERATED = ['datasets', 'charts', 'dashboards'];

const yaml = (content: object) => stringify(content, { lineWidth: 120, aliasDuplicateObjects: false });

/** The files that Superset imports, by their path in assets/. */
export const assetFiles = (): Record<string, string> =>
  Object.fromEntries([
    ...Object.entries(DATASETS).map(([name, dataset]) => [
      `datasets/Robowatch/${name}.yaml`,
      yaml(datasetFile(name, dataset)),
    ]),
    ...DASHBOARDS.flatMap((dashboard) =>
      Object.entries(chartsOf(dashboard)).map(([key, chart]) => [`charts/${key}.yaml`, yaml(chartFile(chart, key))]),
    ),
    ...DASHBOARDS.map((dashboard) => [`dashboards/${dashboard.slug}.yaml`, yaml(dashboardFile(dashboard))]),
  ]);

export const fileOf = (path: string) => join(FOLDER, path);

/** The generated files that are there. */
export const presentFiles = () =>
  GENERATED.flatMap((folder) =>
    readdirSync(join(FOLDER, folder), { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(FOLDER.length + 1)),
  );

if (import.meta.main) {
  for (const folder of GENERATED) rmSync(join(FOLDER, folder), { recursive: true, force: true });
  for (const [path, text] of Object.entries(assetFiles())) {
    mkdirSync(dirname(fileOf(path)), { recursive: true });
    writeFileSync(fileOf(path), text);
  }
}
