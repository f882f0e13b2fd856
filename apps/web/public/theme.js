// Runs before the first paint, so that a dark page does not flash white. The key is VueUse's.
function stored() {
  try {
    return localStorage.getItem('vueuse-color-scheme') ?? 'auto';
  } catch {
    // The browser keeps nothing for this site.
    return 'auto';
  }
}
const chosen = stored();
const dark = chosen === 'dark' || (chosen === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
document.documentElement.classList.toggle('dark', dark);
