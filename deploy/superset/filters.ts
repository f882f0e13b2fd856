import { chartsOf, type Dashboard, numbersOf } from './dashboard.ts';
import { DATASETS } from './datasets.ts';
import { uuidOf } from './uuid-of.ts';

/** Thirty days (UTC), today included. */
const LAST_30_DAYS = 'DATEADD(DATETIME("today"), -29, day) : DATEADD(DATETIME("today"), 1, day)';

const CHOICES: [column: string, name: string, dataset: string, description: string][] = [
  ['owner', 'Owner', 'robot_states', 'Present owner of the robots'],
  ['architecture', 'Architecture', 'robot_states', ''],
  ['label', 'Label', 'robot_labels', 'Robots with one of these labels'],
  ['robot', 'Robot', 'robot_states', ''],
];

/** The filters beside a dashboard. */
export function filtersOf(dashboard: Dashboard) {
  const numbers = numbersOf(dashboard);
  const timeless = Object.entries(chartsOf(dashboard))
    .filter(([, { dataset }]) => !DATASETS[dataset]?.time)
    .map(([key]) => numbers.get(key));
  const filter = (id: string, name: string, filterType: string, more: object) => ({
    ...{ id: `NATIVE_FILTER-${id}`, name, filterType, type: 'NATIVE_FILTER', description: '' },
    ...{ cascadeParentIds: [], scope: { rootPath: ['ROOT_ID'], excluded: [] } },
    ...more,
  });
  const period = filter('period', 'Period', 'filter_time', {
    description: 'Days and hours, UTC. What robots and disks are like now does not depend on it.',
    targets: [{}],
    controlValues: { enableEmptyFilter: false },
    defaultDataMask: { extraFormData: { time_range: LAST_30_DAYS }, filterState: { value: LAST_30_DAYS } },
    scope: { rootPath: ['ROOT_ID'], excluded: timeless },
  });
  const choices = CHOICES.map(([column, name, dataset, description]) =>
    filter(column, name, 'filter_select', {
      description,
      targets: [{ datasetUuid: uuidOf('dataset', dataset), column: { name: column } }],
      controlValues: {
        ...{ multiSelect: true, enableEmptyFilter: false, defaultToFirstItem: false, inverseSelection: false },
        ...{ searchAllOptions: true, sortAscending: true },
      },
      defaultDataMask: { extraFormData: {}, filterState: {} },
    }),
  );
  return [period, ...choices];
}
