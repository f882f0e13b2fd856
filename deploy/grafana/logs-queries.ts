import { flux, LOG_LIMIT, read } from './robot-queries.ts';

/**
 * The logs dashboard's queries, in Flux. Grafana's format `regex` escapes whatever is selected or typed, and makes
 * alternatives of several values.
 */
export const ROBOT_VARIABLE = 'robot';
export const LEVEL_VARIABLE = 'level';
export const PROGRAM_VARIABLE = 'program';
export const TEXT_VARIABLE = 'text';
/** What Grafana inserts for All instead of every option; as a value in a URL it would be escaped. */
export const EVERY_VALUE = '(?s:.*)';

const isChosen = (column: string, variable: string) => `r.${column} =~ /^\${${variable}:regex}$/`;
/** Levels and programs that are missing get a name, so that they can be selected. */
const named = (column: string) => `if exists r.${column} and r.${column} != "" then r.${column} else "none"`;

const entriesOf = (where: string) =>
  flux(
    'import "strings"',
    read(`r._measurement == "syslog" and ${isChosen('robot_id', ROBOT_VARIABLE)} and (${where})`),
    '  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")',
    '  |> filter(fn: (r) => exists r.message)',
    '  |> group()',
    // Must come before map: of pivot's output, map drops trailing rows without a level or a program.
    '  |> sort(columns: ["_time"], desc: true)',
    '  |> map(fn: (r) => ({',
    '    _time: r._time,',
    '    _start: v.timeRangeStart,',
    '    _stop: v.timeRangeStop,',
    '    robot: if exists r.robot then r.robot else "",',
    '    robot_id: r.robot_id,',
    `    level: strings.toLower(v: ${named('level')}),`,
    `    program: ${named('program')},`,
    '    message: r.message,',
    '  }))',
  );
const selected = flux(
  entriesOf('r._field == "message" or r._field == "level" or r._field == "program"'),
  `  |> filter(fn: (r) => ${isChosen('level', LEVEL_VARIABLE)} and ${isChosen('program', PROGRAM_VARIABLE)})`,
  `  |> filter(fn: (r) => r.message =~ /(?i)\${${TEXT_VARIABLE}:regex}/)`,
);

export const ENTRY_COLUMNS = ['_time', 'robot', 'level', 'program', 'message', 'robot_id'];
export const entries = flux(
  selected,
  `  |> limit(n: ${LOG_LIMIT})`,
  `  |> keep(columns: ${JSON.stringify(ENTRY_COLUMNS)})`,
);

/** Entries in each window, zero included. */
export const byLevel = flux(
  selected,
  '  |> rename(columns: {message: "_value"})',
  '  |> group(columns: ["_start", "_stop", "level"])',
  '  |> sort(columns: ["_time"])',
  '  |> aggregateWindow(every: v.windowPeriod, fn: count, createEmpty: true, timeSrc: "_start")',
);

const counted = (...columns: string[]) =>
  flux(
    selected,
    `  |> group(columns: ${JSON.stringify(columns)})`,
    '  |> count(column: "message")',
    '  |> group()',
    `  |> rename(columns: {message: "entries"})`,
    '  |> sort(columns: ["entries"], desc: true)',
    '  |> limit(n: 20)',
  );
export const PROGRAM_COLUMNS = ['program', 'entries'];
export const byProgram = counted('program');
export const ROBOT_COLUMNS = ['robot', 'entries', 'robot_id'];
export const byRobot = counted('robot_id', 'robot');

const distinct = (field: string, value: string) =>
  flux(
    'import "strings"',
    read(`r._measurement == "syslog" and r._field == "${field}" and r._value != ""`),
    '  |> keep(columns: ["_value"])',
    `  |> map(fn: (r) => ({_value: ${value}}))`,
    '  |> distinct()',
    '  |> group()',
    '  |> distinct()',
  );
export const levels = distinct('level', 'strings.toLower(v: r._value)');
export const programs = distinct('program', 'r._value');
