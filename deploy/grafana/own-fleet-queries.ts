/** The period of the dashboard, by days of the roll-ups. Both functions are the gateway's: docs/flows/flux-gateway.md. */
const DAYS = 'robotDays(start: v.timeRangeStart, stop: v.timeRangeStop)';
const byDay = (column: string, fn: 'mean' | 'sum') =>
  `${DAYS}
  |> filter(fn: (r) => exists r.${column})
  |> group(columns: ["_time"])
  |> ${fn}(column: "${column}")
  |> group()
  |> sort(columns: ["_time"])
  |> keep(columns: ["_time", "${column}"])`;
const counted = (condition: string) =>
  `fleet()
  |> reduce(identity: {robots: 0}, fn: (r, accumulator) => ({robots: accumulator.robots + (if ${condition} then 1 else 0)}))`;

export const own = {
  robots: counted('r.robot_id != ""'),
  online: counted('r.online'),
  rejected: counted('r.status == "error"'),
  errors: `${DAYS}
  |> group()
  |> sum(column: "error_logs")
  |> keep(columns: ["error_logs"])`,
  onlineByDay: byDay('online_share', 'mean'),
  errorsByDay: byDay('error_logs', 'sum'),
  sentByDay: byDay('bytes_sent', 'sum'),
  hottestByDay: `${DAYS}
  |> filter(fn: (r) => exists r.temperature_max)
  |> group(columns: ["robot"])
  |> keep(columns: ["_time", "robot", "temperature_max"])`,
  all: `fleet()
  |> drop(columns: ["owner"])`,
};
