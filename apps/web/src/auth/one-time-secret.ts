/** The secret behind the #: taken once and removed from the address, so that it stays in no history. */
export function takeOneTimeSecret(): string {
  const secret = location.hash.slice(1);
  history.replaceState(history.state, '', location.pathname);
  return secret;
}
