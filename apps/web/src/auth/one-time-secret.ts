/** The secret after the #. Taken once and removed from the URL, so that it does not stay in the history. */
export function takeOneTimeSecret(): string {
  const secret = location.hash.slice(1);
  history.replaceState(history.state, '', location.pathname);
  return secret;
}
