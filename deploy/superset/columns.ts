/** A column as people see it in Superset. */
export interface Column {
  type: 'TEXT' | 'BOOLEAN' | 'BIGINT' | 'DOUBLE PRECISION' | 'DATE' | 'TIMESTAMP WITH TIME ZONE';
  label: string;
  description?: string;
}
export type Columns = Record<string, Column>;

const text = (label: string, description?: string): Column => ({ type: 'TEXT', label, description });
const number = (label: string, description?: string): Column => ({ type: 'DOUBLE PRECISION', label, description });
const count = (label: string, description?: string): Column => ({ type: 'BIGINT', label, description });
const time = (label: string, description?: string): Column => ({
  ...{ type: 'TIMESTAMP WITH TIME ZONE', label, description },
});

export const OWNER: Columns = {
  owner_id: count('Owner’s number'),
  owner: text('Owner', 'Present owner'),
};

export const ROBOT: Columns = {
  robot_id: count('Robot’s number'),
  robot: text('Robot', 'Present name; several robots can have the same'),
  robot_page: text('Page', 'A link to the robot in the web app'),
  ...OWNER,
  architecture: text('Architecture'),
};

export const LABEL = { label: text('Label', 'Name and value; a robot with several labels has a row for each') };
export const DAY = { day: { type: 'DATE', label: 'Day', description: 'UTC' } } satisfies Columns;
export const HOUR: Columns = { hour: time('Hour', 'Where it begins, UTC') };

export const HOURS_ONLINE: Columns = {
  online_share: number('Online, share', 'Of the time since the robot was paired, 0 to 1'),
  hours: number('Hours', 'Of the day: 24, today those so far'),
  hours_online: number('Hours online', 'Share × hours; on the day of its pairing as if it had been there all day'),
  heard_of: { type: 'BOOLEAN', label: 'Heard of', description: 'It reported on that day, or sent data of it later' },
  weight: number('Weight', 'Of this day in means: its hours online, at least 1'),
};

export const FIGURES: Columns = {
  reports: count('Reports', 'That were stored'),
  cpu_mean: number('CPU, %', 'Mean, of all cores together'),
  cpu_max: number('CPU at most, %', 'Of all cores together'),
  memory_mean: number('Memory, %', 'Mean of the memory in use'),
  memory_max: number('Memory at most, %'),
  disk_max: number('Fullest disk, %'),
  temperature_mean: number('Temperature, °C', 'Mean of all sensors'),
  temperature_max: number('Hottest, °C', 'Of all sensors'),
  load1_mean: number('Load', 'Mean of runnable processes'),
  bytes_received: number('Received, bytes', 'Over all interfaces'),
  bytes_sent: number('Sent, bytes', 'Over all interfaces'),
  log_entries: count('Log entries'),
  error_logs: count('Error logs', 'Log entries of level error and worse'),
};

export const DISK: Columns = {
  path: text('Disk', 'Where it is mounted'),
  used_percent: number('Used, %', 'As it was last'),
  growth_percent_a_day: number('Growth, % a day', 'A line through the last 14 days'),
  days_to_full: number('Days to full', 'Until that line reaches 100 %; empty when the disk did not grow'),
};

export const STATE: Columns = {
  condition: text(
    'Condition',
    'Reporting, silent for an hour, never reported, reports rejected, switched off, not paired',
  ),
  status: text('Status', 'pending, active, inactive or error'),
  last_seen_at: time('Last seen', 'When its last report arrived'),
  hours_silent: number('Hours silent', 'Since its last report'),
  labels: text('Labels'),
  hostname: text('Host name'),
  agent_version: text('Agent'),
  clock_skew_s: number('Clock ahead, s', 'Of the server’s'),
  error_reason: text('Reason', 'Why its reports are rejected'),
};
