import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Config } from '../config/config.ts';

const TEXTS = {
  en: {
    expired:
      'This sign-in has expired, was finished before, or this browser does not keep cookies. Allow cookies for this site, then start again.',
    refused: 'The application asked to sign in, or out, in a way that is not allowed here.',
    failed: 'Something went wrong on the server. Try again shortly.',
    busy: 'Too many attempts. Try again in a few minutes.',
    title: 'Robowatch',
    signOutTitle: 'Sign out?',
    signOut: 'This signs you out of Robowatch, and of Grafana and Superset opened through it.',
    yes: 'Sign out',
    no: 'Stay signed in',
    back: 'Back to {app}',
    leaving: 'Signing out …',
  },
  ru: {
    expired:
      'Этот вход истёк, уже завершён, или браузер не сохраняет файлы cookie. Разрешите cookie для этого сайта и начните заново.',
    refused: 'Приложение запросило вход или выход недопустимым здесь образом.',
    failed: 'На сервере произошла ошибка. Повторите попытку чуть позже.',
    busy: 'Слишком много попыток. Повторите через несколько минут.',
    title: 'Robowatch',
    signOutTitle: 'Выйти?',
    signOut: 'Вы выйдете из Robowatch, а также из Grafana и Superset, открытых через него.',
    yes: 'Выйти',
    no: 'Остаться',
    back: 'Вернуться в {app}',
    leaving: 'Выход …',
  },
};

export type PageText = 'expired' | 'refused' | 'failed' | 'busy';

const textsFor = (acceptLanguage = '') => (/^\s*ru\b/i.test(acceptLanguage) ? TEXTS.ru : TEXTS.en);
const escaped = (text: string) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** Plain on purpose: it must not need anything from elsewhere. */
function page(texts: (typeof TEXTS)['en'], title: string, body: string): string {
  const lang = texts === TEXTS.ru ? 'ru' : 'en';
  return `<!doctype html>
<html lang="${lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title></head>
<body><h1>${title}</h1>${body}</body></html>
`;
}

type Addresses = Pick<Config, 'publicUrl' | 'oidc'>;

/** Links to the apps: whose sign-in has failed is not known any more. */
function waysBack(texts: (typeof TEXTS)['en'], { publicUrl, oidc }: Addresses): string {
  const places = [...oidc.clients, { name: texts.title, url: publicUrl }];
  return places
    .map(({ name, url }) => `<p><a href="${escaped(url)}">${texts.back.replace('{app}', name)}</a></p>`)
    .join('');
}

/** @param detail for the administrator; escaped here */
export function problemPage(
  config: Addresses,
  acceptLanguage: string | undefined,
  text: PageText,
  detail?: string,
): string {
  const texts = textsFor(acceptLanguage);
  const small = detail ? `<p><small>${escaped(detail)}</small></p>` : '';
  return page(texts, texts.title, `<p>${texts[text]}</p>${small}${waysBack(texts, config)}`);
}

export const errorPage =
  (config: Addresses) =>
  (ctx: KoaContextWithOIDC, out: { error: string; error_description?: string }, error: Error): void => {
    const text = error.name === 'SessionNotFound' ? 'expired' : out.error === 'server_error' ? 'failed' : 'refused';
    ctx.type = 'html';
    const detail = text === 'refused' ? [out.error, out.error_description].filter(Boolean).join(': ') : undefined;
    ctx.body = problemPage(config, ctx.get('accept-language'), text, detail);
  };

/**
 * Signs out at once when the app proves with an ID token whom it means; otherwise asks, because any page can lead a
 * browser here (OpenID Connect RP-Initiated Logout 1.0, 2).
 */
export function signOutPage(ctx: KoaContextWithOIDC): void {
  const texts = textsFor(ctx.get('accept-language'));
  const hint = ctx.oidc.entities.IdTokenHint?.payload.sub;
  const action = escaped(ctx.oidc.urlFor('end_session_confirm'));
  const xsrf = escaped(String(ctx.oidc.session?.state?.secret));
  const isMeant = hint !== undefined && hint === ctx.oidc.session?.accountId;
  const hidden = `<input type="hidden" name="xsrf" value="${xsrf}">`;
  const yes = `<form method="post" action="${action}">${hidden}<input type="hidden" name="logout" value="yes"><button>${texts.yes}</button></form>`;
  const no = `<form method="post" action="${action}">${hidden}<button>${texts.no}</button></form>`;
  ctx.type = 'html';
  ctx.body = isMeant
    ? page(texts, texts.leaving, `${yes}<script>${SUBMIT}</script>`)
    : page(texts, texts.signOutTitle, `<p>${texts.signOut}</p>${yes}${no}`);
}

/** Allowed by its hash in the routes' Content-Security-Policy. */
export const SUBMIT = 'document.forms[0].submit()';

/** For an app that does not say where to go on. */
export const signedOutPage =
  ({ publicUrl }: Pick<Config, 'publicUrl'>) =>
  (ctx: KoaContextWithOIDC): void => {
    const texts = textsFor(ctx.get('accept-language'));
    ctx.type = 'html';
    ctx.body = page(
      texts,
      texts.title,
      `<p><a href="${escaped(publicUrl)}">${texts.back.replace('{app}', texts.title)}</a></p>`,
    );
  };
