const BROWSERS: [RegExp, string][] = [
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/YaBrowser\//, 'Yandex Browser'],
  [/Firefox\//, 'Firefox'],
  [/Chrome\//, 'Chrome'],
  [/Safari\//, 'Safari'],
  [/PowerShell\//, 'PowerShell'],
];
const SYSTEMS: [RegExp, string][] = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
];

/** What programs call themselves. Everything that is a browser begins with Mozilla. */
const PROGRAM = /^(?!Mozilla\/)[\w.-]+/;

/** Such as "Firefox, Linux" or "curl": enough to tell one's own sessions apart. Null if nothing is recognised. */
export function browserName(userAgent: string | null): string | null {
  const program = PROGRAM.exec(userAgent ?? '')?.[0];
  if (program) return program;
  const find = (table: [RegExp, string][]) => table.find(([pattern]) => pattern.test(userAgent ?? ''))?.[1];
  return [find(BROWSERS), find(SYSTEMS)].filter(Boolean).join(', ') || null;
}
