/**
 * The fleet dashboard's queries on the views of docs/bi.md. Grafana's format `sqlstring` makes each selected value a
 * quoted literal, and writes `\"` for `"`; an array of no values is valid, too.
 */
export const OWNER_VARIABLE = 'owner';
export const ARCHITECTURE_VARIABLE = 'architecture';
export const LABEL_VARIABLE = 'label';

const chosen = (variable: string) => `any (array[\${${variable}:sqlstring}]::text[])`;
const isChosen = (text: string, variable: string) => `replace(${text}, '"', '\\"') = ${chosen(variable)}`;

/** Condition on a view's row `v`. Robots without an owner, an architecture or a label are under the empty text. */
const SELECTED = [
  isChosen(`coalesce(v.owner_id::text, '')`, OWNER_VARIABLE),
  isChosen(`coalesce(v.architecture, '')`, ARCHITECTURE_VARIABLE),
  `(v.labels = '{}' and '' = ${chosen(LABEL_VARIABLE)}
    or exists (select from jsonb_each_text(v.labels) l where ${isChosen(`l.key || ': ' || l.value`, LABEL_VARIABLE)}))`,
].join('\n  and ');
/** A view by day, from the day in which the time range begins. Days are UTC. */
const DAYS = `from robot_days v\nwhere $__timeFilter(v.day)\n  and ${SELECTED}`;
const PAIRED = `v.status <> 'pending'`;
const STATES = `from robot_states v\nwhere ${PAIRED}\n  and ${SELECTED}`;
const TIME = `v.day::timestamp at time zone 'UTC' as time`;

const sql = (text: string) => ({ sql: text });
const byDay = (columns: string) => sql(`select ${TIME}, ${columns}\n${DAYS}\ngroup by v.day\norder by v.day`);

export const figures = {
  robots: sql(`select count(*) as robots\n${STATES}`),
  rejected: sql(`select count(*) filter (where v.status = 'error') as robots\n${STATES}`),
  online: sql(`select avg(v.online_share) as online\n${DAYS}`),
  errors: sql(`select coalesce(sum(v.error_logs), 0) as errors\n${DAYS}`),
};

export const days = {
  online: byDay('avg(v.online_share) as online'),
  robots: byDay('count(*) filter (where v.heard_of) as robots'),
  logs: byDay('sum(v.error_logs) as errors, sum(v.log_entries) - sum(v.error_logs) as others'),
  bytes: byDay('sum(v.bytes_received) as received, sum(v.bytes_sent) as sent'),
};

/** How many rows a list of the worst has. */
export const WORST = 20;
/** A robot's hottest day. Ids are text, so that links get them without a format. */
export const hottest = sql(`select * from (
  select distinct on (v.robot_id) v.robot, v.temperature_max, v.temperature_mean, ${TIME}, v.robot_id::text as robot_id
  ${DAYS}
  and v.temperature_max is not null
  order by v.robot_id, v.temperature_max desc, v.day desc
) hottest
order by temperature_max desc, robot_id
limit ${WORST}`);

export const fullest = sql(`select v.robot, v.path, v.used_percent, v.days_to_full, v.growth_percent_a_day,
  v.robot_id::text as robot_id
from robot_disks v
where ${SELECTED}
order by v.used_percent desc, v.robot_id, v.path
limit ${WORST}`);

/** Days are read once: PostgreSQL would else expect few robots, and read them anew for each. */
export const robots = sql(`with d as materialized (
  select v.robot_id, avg(v.online_share) as online_share, avg(v.cpu_mean) as cpu_mean, max(v.memory_max) as memory_max,
    max(v.disk_max) as disk_max, max(v.temperature_max) as temperature_max, sum(v.error_logs) as error_logs
  ${DAYS}
  group by v.robot_id
)
select v.robot, v.owner, v.architecture,
  (select string_agg(l.key || ': ' || l.value, ', ' order by l.key) from jsonb_each_text(v.labels) l) as labels,
  v.status, v.last_seen_at, d.online_share, d.cpu_mean, d.memory_max, d.disk_max, d.temperature_max, d.error_logs,
  v.robot_id::text as robot_id
from robot_states v
left join d on d.robot_id = v.robot_id
where ${PAIRED}
  and ${SELECTED}
order by v.robot, v.robot_id`);

/** Options as texts and values. Grafana keeps one of each text, so names of owners have their ids. */
export const options = {
  owners: `select distinct coalesce(v.owner || ' (' || v.owner_id || ')', 'nobody') as __text,
  coalesce(v.owner_id::text, '') as __value
from robot_states v
where ${PAIRED}
order by 1`,
  architectures: `select distinct coalesce(v.architecture, 'unknown') as __text, coalesce(v.architecture, '') as __value
from robot_states v
where ${PAIRED}
order by 1`,
  labels: `select 'without labels' as __text, '' as __value
union all
select * from (
  select distinct l.key || ': ' || l.value, l.key || ': ' || l.value
  from robot_states v cross join lateral jsonb_each_text(v.labels) l
  where ${PAIRED}
  order by 1
) labels`,
};
