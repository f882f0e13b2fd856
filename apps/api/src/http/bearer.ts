/** The token of `Authorization: Bearer …`, if there is one. @param authorization the header's value */
export function bearer(authorization = ''): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
}
