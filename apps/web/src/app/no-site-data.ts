/** Not in locales/, whose files come with code that keeps things in the browser. */
const TEXTS = {
  en: {
    title: 'Cookies are blocked',
    text: 'Signing in needs cookies and other data of this site. Allow them for this site in the browser’s settings, often found beside the address, then try again.',
    again: 'Try again',
  },
  ru: {
    title: 'Файлы cookie заблокированы',
    text: 'Для входа нужны файлы cookie и другие данные этого сайта. Разрешите их для него в настройках браузера (часто они открываются рядом с адресом) и повторите.',
    again: 'Повторить',
  },
};

/** In place of the app, whose own code keeps things in the browser. */
export function showNoSiteData(): void {
  const language = navigator.languages.some((given) => given.startsWith('ru')) ? 'ru' : 'en';
  const { title, text, again: label } = TEXTS[language];
  document.documentElement.lang = language;
  document.title = `${title} · Robowatch`;
  const main = make('main', 'mx-auto flex min-h-svh w-full max-w-sm flex-col justify-center gap-3 px-4 py-10');
  const again = make('button', 'self-start rounded-md bg-inverted px-3 py-1.5 font-medium text-inverted', label);
  again.addEventListener('click', () => location.reload());
  main.append(
    make('p', 'font-semibold text-highlighted', 'Robowatch'),
    make('h1', 'text-lg font-semibold text-highlighted', title),
    make('p', 'text-muted', text),
    again,
  );
  document.getElementById('app')?.replaceChildren(main);
}

function make(tag: string, classes: string, text = ''): HTMLElement {
  const element = document.createElement(tag);
  element.className = classes;
  element.textContent = text;
  return element;
}
