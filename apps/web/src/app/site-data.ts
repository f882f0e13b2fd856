/** Whether the browser keeps cookies and data of this site. Where it does not, nobody stays signed in, and touching `localStorage` throws. */
export function keepsSiteData(): boolean {
  try {
    return navigator.cookieEnabled && Boolean(localStorage);
  } catch {
    return false;
  }
}
