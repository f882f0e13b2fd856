type Labels = Record<string, string>;

/** A robot's labels in the form in which they are filtered by: `site:lab`. */
export const labelTexts = (labels: Labels): string[] =>
  Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}:${value}`);

/** Whether there is any to be shown. */
export const isLabelled = (robot: { labels: Labels } | undefined): boolean =>
  robot !== undefined && Object.keys(robot.labels).length > 0;

/** A key has no colon. */
export function splitLabel(text: string): { key: string; value: string } {
  const [key = '', ...value] = text.split(':');
  return { key, value: value.join(':') };
}

export function hasLabels(labels: Labels, wanted: string[]): boolean {
  const own = labelTexts(labels);
  return wanted.every((text) => own.includes(text));
}

/** Adds the label to the filter, or removes it if it is there. */
export const toggled = (wanted: string[], text: string): string[] =>
  wanted.includes(text) ? wanted.filter((one) => one !== text) : [...wanted, text];
