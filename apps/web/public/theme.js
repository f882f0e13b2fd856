// Runs before the first paint, so that a dark page does not flash white. The key is VueUse's.
const chosen = localStorage.getItem('vueuse-color-scheme') ?? 'auto';
const dark = chosen === 'dark' || (chosen === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
document.documentElement.classList.toggle('dark', dark);
