import { fitLines, type Letter } from '../messages/write-letter.ts';
import type { Format } from '../schemas.ts';
import { escaped } from './email.ts';
import { markOf } from './signs.ts';

type Line = Letter['lines'][number];
type Chat = Exclude<Format, 'json'>;

/** What the incoming webhooks of each chat take. Names cannot mention anybody, nor be read as markup. */
const WRITERS: Record<Chat, (letter: Letter) => object> = {
  slack: (letter) => ({
    text: written(
      letter,
      3_500,
      plainSlack,
      (text) => `*${text}*`,
      ({ text, url }) => `<${url}|${plainSlack(text)}>`,
    ),
    unfurl_links: false,
  }),
  mattermost: (letter) => ({ text: written(letter, 15_000, plainMarkdown, bold, markdownLink) }),
  discord: (letter) => ({
    content: written(letter, 1_900, plainMarkdown, bold, markdownLink),
    allowed_mentions: { parse: [] },
    flags: NO_EMBEDS,
  }),
  matrix: (letter) => ({
    text: written(
      letter,
      30_000,
      (text) => text,
      (text) => text,
      ({ text, url }) => `${text} ${url}`,
    ),
    html: written(letter, 30_000, escaped, (text) => `<b>${text}</b>`, htmlLink).replaceAll('\n', '<br>'),
  }),
};

export const chatBody = (format: Chat, letter: Letter) => JSON.stringify(WRITERS[format](letter));

const NO_EMBEDS = 4;
const bold = (text: string) => `**${text}**`;
const markdownLink = ({ text, url }: Line) => `[${plainMarkdown(text)}](${url})`;
const htmlLink = ({ text, url }: Line) => `<a href="${escaped(url)}">${escaped(text)}</a>`;

function written(
  letter: Letter,
  limit: number,
  plain: (text: string) => string,
  strong: (text: string) => string,
  line: (line: Line) => string,
): string {
  const rule = letter.rule ? `\n${plain(letter.rule)}` : '';
  const head = `${markOf(letter)} ${strong(plain(letter.title))}`;
  return `${head}\n${fitLines(letter, line, limit - head.length - rule.length)}${rule}`;
}

const plainSlack = (text: string) => text.replace(/[&<>]/g, (sign) => escaped(sign)).replace(/([*_~`|])/g, '\u200b$1');
/** A zero-width space after @ and # keeps them from mentioning. */
const plainMarkdown = (text: string) => text.replace(/[\\`*_{}[\]()<>|~]/g, '\\$&').replace(/[@#]/g, '$&\u200b');
