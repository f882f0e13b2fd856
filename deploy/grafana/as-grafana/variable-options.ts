import type { DataFrame } from './data-frames.ts';

export interface Option {
  label: string;
  value: string;
}

/**
 * The options of a query variable: the InfluxDB data source's toMetricFindValue, then scenes'
 * metricNamesToVariableValues, with an optional regular expression with named groups `text` and `value`.
 */
export function variableOptions(frames: DataFrame[], regex: string | undefined): Option[] {
  const names = frames.flatMap(({ fields }) => {
    const field = fields.find(({ type }) => type === 'string') ?? fields.find(({ type }) => type !== 'time');
    return field?.values.map(String) ?? [];
  });
  const pattern = regex ? stringToJsRegex(regex) : undefined;
  const options = [...new Set(names)].flatMap((name): Option[] => {
    if (!pattern) return [{ label: name, value: name }];
    const groups = pattern.exec(name)?.groups;
    const [label, value] = [groups?.text ?? groups?.value, groups?.value ?? groups?.text];
    return label === undefined || value === undefined ? [] : [{ label, value }];
  });
  return [...new Map(options.toReversed().map((option) => [option.value, option])).values()].toReversed();
}

/** The options of a query variable of an SQL data source with columns for texts and values; a text counts once. */
export function sqlVariableOptions([frame]: DataFrame[]): Option[] {
  const column = (name: string) => frame?.fields.find((field) => field.name === name)?.values.map(String) ?? [];
  const [texts, values] = [column('__text'), column('__value')];
  const options = texts.map((label, i): Option => ({ label, value: values[i] as string }));
  return options.filter(({ label }, i) => texts.indexOf(label) === i);
}

/** Grafana's function of the same name, only for expressions in slashes. */
function stringToJsRegex(text: string): RegExp {
  const [, source, flags] = /^\/(.*?)\/(g?i?m?y?s?)$/.exec(text) ?? [];
  if (source === undefined) throw new Error(`'${text}' is not a valid regular expression.`);
  return new RegExp(source, flags);
}
