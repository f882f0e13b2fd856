import { readFileSync, writeFileSync } from 'node:fs';
import { SETTINGS, type Setting } from './settings.ts';

const FILE = new URL('../../../../docs/configuration.md', import.meta.url);

/** The settings as a Markdown table. */
export function settingsTable(): string {
  const rows = (SETTINGS as readonly Setting[]).map(
    ({ name, kind, default: value, about }) =>
      `| \`${name}\`${kind === 'secret' ? `, \`${name}_FILE\`` : ''} | ${value ? `\`${value}\`` : ''} | ${about} |`,
  );
  return ['| setting | default | what it does |', '| --- | --- | --- |', ...rows].join('\n');
}

if (import.meta.main) {
  const text = readFileSync(FILE, 'utf8');
  writeFileSync(
    FILE,
    text.replace(/(\|.*\n)+/, () => `${settingsTable()}\n`),
  );
}
