/**
 * Regular expressions (RE2) for sets of robots' ids. InfluxDB's index looks up each value that matches, at some 10 µs, so
 * the cheaper of two is used: what matches the ids, or what matches everything but them, to be negated.
 */
const DIGITS = '0123456789';

interface Tree {
  isEnd: boolean;
  /** By digit. */
  next: (Tree | undefined)[];
}

/** @returns source of a pattern that matches exactly these ids */
export const matching = (ids: number[]) => `^${inside(treeOf(ids))}$`;

/** @returns source of a pattern that matches every text, the empty one too, except these ids */
export const matchingOthers = (ids: number[]) => `(?s)^(?:${outside(treeOf(ids))})$`;

function treeOf(ids: number[]): Tree {
  const root: Tree = { isEnd: false, next: [] };
  for (const id of ids) {
    let at = root;
    for (const digit of String(id)) {
      at.next[Number(digit)] ??= { isEnd: false, next: [] };
      at = at.next[Number(digit)] as Tree;
    }
    at.isEnd = true;
  }
  return root;
}

/** Digits that are followed by the same share a class, so that ids in a row make a short pattern. */
function inside({ isEnd, next }: Tree): string {
  const alternatives = byRest(next, inside).map(([rest, digits]) => oneOf(digits) + rest);
  if (alternatives.length === 0) return '';
  const all = alternatives.length === 1 ? (alternatives[0] as string) : `(?:${alternatives.join('|')})`;
  return isEnd ? `(?:${all})?` : all;
}

/** Alternatives for what leaves the tree at this place or later. */
function outside({ isEnd, next }: Tree): string {
  const followed = [...DIGITS].filter((digit) => next[Number(digit)]).join('');
  const leaves = followed === '' ? '.+' : `[^${followed}].*`;
  const later = byRest(next, outside).map(([rest, digits]) => `${oneOf(digits)}(?:${rest})`);
  // An empty alternative stands for the end of the text.
  return [...(isEnd ? [] : ['']), leaves, ...later].join('|');
}

function byRest(next: Tree['next'], describe: (tree: Tree) => string): [rest: string, digits: string][] {
  const digits = new Map<string, string>();
  for (const [digit, tree] of next.entries()) {
    if (!tree) continue;
    const rest = describe(tree);
    digits.set(rest, (digits.get(rest) ?? '') + digit);
  }
  return [...digits];
}

const oneOf = (digits: string) => (digits.length === 1 ? digits : digits === DIGITS ? '[0-9]' : `[${digits}]`);
