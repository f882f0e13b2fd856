import type { DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard';

interface Limits {
  warning: number;
  critical: number;
}
/** What the SDK's withOverride takes: properties of the column of this name. */
interface Override {
  matcher: { id: string; options: string };
  properties: DynamicConfigValue[];
}

const override = (name: string, ...properties: DynamicConfigValue[]): Override => ({
  matcher: { id: 'byName', options: name },
  properties,
});

/** A column's unit and title, and its colours. */
export function column(name: string, unit: string, displayName: string, limits?: Limits): Override {
  const properties: DynamicConfigValue[] = [
    { id: 'unit', value: unit },
    { id: 'displayName', value: displayName },
  ];
  if (limits) {
    const steps = [
      { value: null, color: 'text' },
      { value: limits.warning, color: 'yellow' },
      { value: limits.critical, color: 'red' },
    ];
    properties.push({ id: 'thresholds', value: { mode: 'absolute', steps } });
    properties.push({ id: 'custom.cellOptions', value: { type: 'color-text' } });
  }
  return override(name, ...properties);
}

/** Makes the column `robot` a link to the robot's dashboard; the query has its id, as text, in `robot_id`. */
export const linkToRobot = override('robot', {
  id: 'links',
  value: [{ title: 'Open the robot', url: `/d/robowatch-robot?var-robot_id=\${__data.fields.robot_id}` }],
});
