import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';

/** Updates these variables in the file, which only its owner may read; other lines stay as they are. */
export function keepInEnvFile(file: string, values: Record<string, string>): void {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const others = lines.filter((line) => !Object.hasOwn(values, line.split('=')[0]?.trim() ?? ''));
  while (others.at(-1) === '') others.pop();
  const text = [...others, ...Object.entries(values).map(([name, value]) => `${name}=${value}`), ''].join('\n');
  writeFileSync(file, text, { mode: 0o600 });
  chmodSync(file, 0o600);
}
