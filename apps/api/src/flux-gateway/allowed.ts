/**
 * Packages whose every function was read (flux 0.196, stdlib/): they compute from their arguments alone. Others read from
 * storage, the network, files or secrets, write, or have functions that do.
 */
export const PURE_PACKAGES: ReadonlySet<string> = new Set([
  ...['array', 'bitwise', 'date', 'date/boundaries', 'dict', 'interpolate', 'join', 'json', 'math', 'regexp'],
  ...['strings', 'timezone', 'types', 'experimental/aggregate', 'experimental/array', 'experimental/bitwise'],
  ...['experimental/date/boundaries', 'experimental/json', 'experimental/record', 'experimental/table'],
  ...['contrib/tomhollingworth/events', 'contrib/qxip/hash', 'contrib/bonitoo-io/hex'],
]);

/** Packages with a stand-in of ours under their own name: they read from storage by themselves. */
export const REPLACED_PACKAGES: ReadonlyMap<string, string> = new Map([
  ['influxdata/influxdb/schema', 'schema'],
  ['influxdata/influxdb/v1', 'v1'],
]);

/** Beginning of the names that the gateway puts in; a query may not have any of them. */
export const OWN_PREFIX = '__robowatch_';

/** Flux's `now`, for defaults of the gateway's functions: a query may have a `now` of its own. */
export const NOW = `${OWN_PREFIX}now`;

/** Functions that the gateway replaces by its own, which read the caller's robots only. */
export const REPLACED_NAMES = ['from', 'range', 'buckets'];
/** Functions that only the gateway has. */
export const OWN_NAMES = ['fleet', 'robotDays'];

/**
 * What is known without an import: `universe` without `_…`, and the two truth values. Of `influxdata/influxdb`, which is also known without
 * one, `to` and `wideTo` write, and `cardinality` counts everybody's series.
 */
export const KNOWN_NAMES: ReadonlySet<string> = new Set([
  ...REPLACED_NAMES,
  ...OWN_NAMES,
  ...['true', 'false', 'now', 'today', 'location', 'inf'],
  ...['chandeMomentumOscillator', 'columns', 'count', 'covariance', 'cumulativeSum', 'derivative', 'die', 'difference'],
  ...['distinct', 'drop', 'duplicate', 'elapsed', 'exponentialMovingAverage', 'fill', 'filter', 'first', 'group'],
  ...['histogram', 'histogramQuantile', 'holtWinters', 'integral', 'join', 'kaufmansAMA', 'keep', 'keyValues', 'keys'],
  ...['last', 'limit', 'map', 'max', 'mean', 'min', 'mode', 'movingAverage', 'quantile', 'pivot', 'reduce'],
  ...['relativeStrengthIndex', 'rename', 'sample', 'set', 'tail', 'timeShift', 'skew', 'spread', 'sort'],
  ...['stateTracking', 'stddev', 'sum', 'tripleExponentialDerivative', 'union', 'unique', 'yield', 'tableFind'],
  ...['getColumn', 'getRecord', 'findColumn', 'findRecord', 'bool', 'bytes', 'duration', 'float', 'int', 'string'],
  ...['time', 'uint', 'display', 'contains', 'length', 'linearBins', 'logarithmicBins', 'hourSelection', 'window'],
  ...['timeWeightedAvg', 'cov', 'pearsonr', 'aggregateWindow', 'increase', 'median', 'stateCount', 'stateDuration'],
  ...['top', 'bottom', 'highestMax', 'highestAverage', 'highestCurrent', 'lowestMin', 'lowestAverage'],
  ...['lowestCurrent', 'timedMovingAverage', 'doubleEMA', 'kaufmansER', 'tripleEMA', 'truncateTimeColumn'],
  ...['toString', 'toInt', 'toUInt', 'toFloat', 'toBool', 'toTime'],
]);

/** The only option that a query may set: the time zone of windows. */
export const SETTABLE_OPTION = 'location';
