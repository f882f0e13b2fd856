import { mistaken } from './refusal.ts';

/** InfluxDB takes a tenth of a second for this depth, and seventeen for a thousand. */
const MAX_DEPTH = 120;
/** Sum of the cubes of the depths of all parts that stand beside each other. */
const MAX_WORK = 5_000_000;

const SPACE = /(?:\s|\/\/[^\n]*)+/y;
const WORD = /[\p{L}_][\p{L}\p{N}_]*/uy;
const NUMBER = /\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?|\d+(?:\.\d*)?(?:[a-zµ]+\d*)*/uy;
const OPERATOR = /<-|\|>|=>|[=!]~|[=!<>]=|./suy;
const TEXT = /(?:[^"\\$]|\\.|\$(?!\{))*/suy;
const PATTERN = /\/(?:[^/\\\n]|\\[^\n])*\//uy;

/** What joins the parts of a chain, each of which contains all before it, but not what those contain. */
const LINKS = new Set(['and', 'or', '|>']);
/** Other words after which an expression goes on, and whether what follows is a part of it. */
const WORDS = new Map([
  ...['not', 'exists', 'if', 'else', 'return'].map((word): [string, boolean] => [word, true]),
  ...['then', 'with', 'import', 'option'].map((word): [string, boolean] => [word, false]),
]);

/** Within a pair of brackets: how long the chain is so far, and how deep its parts are. */
class Level {
  #chain = 0;
  #deepest = 0;
  #last = 0;
  readonly isText: boolean;

  constructor(isText: boolean) {
    this.isText = isText;
  }

  get depth(): number {
    return this.#chain + Math.max(this.#deepest, this.#last);
  }

  nest(isLink: boolean): void {
    if (isLink) {
      this.#deepest = Math.max(this.#deepest, this.#last);
      this.#last = 0;
      this.#chain++;
    } else this.#last++;
  }

  clear(): void {
    this.#chain = this.#deepest = this.#last = 0;
  }
}

/**
 * Bounds how deeply the parts of a query contain each other, before InfluxDB parses it: that takes the cube of it, and
 * cannot be stopped. `1 + 1 + 1` is as deep as it has operators. Misjudged, a query counts as deeper than it is.
 * @throws AppError validation_failed
 */
export function checkNesting(query: string): void {
  const open = [new Level(false)];
  let [at, above, work, isAfterOperand] = [0, 0, 0, false];
  const inner = () => open.at(-1) as Level;
  const read = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const [found] = pattern.exec(query) ?? [];
    if (found) at += found.length;
    return found;
  };
  const deeper = (isLink = false) => {
    inner().nest(isLink);
    if (above + inner().depth + open.length > MAX_DEPTH) throw mistaken('The query is nested too deeply.');
  };
  /** What follows stands beside what was before, not around it. */
  const beside = () => {
    work += (above + inner().depth + open.length) ** 3;
    if (work > MAX_WORK) throw mistaken('The query has too many nested parts. Split it.');
    inner().clear();
  };
  const enter = (isText: boolean) => {
    deeper();
    above += inner().depth;
    open.push(new Level(isText));
    isAfterOperand = false;
  };
  const leave = () => {
    beside();
    if (open.length > 1) open.pop();
    above -= inner().depth;
    isAfterOperand = true;
  };
  /** The rest of a text, up to its end or to an expression within it. */
  const text = () => {
    read(TEXT);
    if (query.startsWith('${', at)) {
      at += 2;
      return enter(true);
    }
    if (query[at] !== '"') throw mistaken('The query has a text that does not end.');
    at++;
    isAfterOperand = true;
  };
  while (at < query.length) {
    if (read(SPACE)) continue;
    const isStart = !isAfterOperand;
    const word = read(WORD);
    const isPart = word === undefined ? undefined : WORDS.get(word);
    if (word !== undefined && LINKS.has(word)) {
      deeper(true);
      isAfterOperand = false;
    } else if (isPart !== undefined) {
      if (isPart) deeper();
      isAfterOperand = false;
    } else if (word !== undefined || read(NUMBER)) {
      if (isAfterOperand) beside();
      isAfterOperand = true;
    } else if (query[at] === '"') {
      if (isAfterOperand) beside();
      at++;
      text();
    } else if (isStart && query[at] === '/') {
      if (!read(PATTERN)) throw mistaken('The query has a regular expression that does not end.');
      isAfterOperand = true;
    } else {
      const operator = read(OPERATOR) as string;
      if ('([{'.includes(operator)) enter(false);
      else if (')]}'.includes(operator)) {
        const { isText } = inner();
        leave();
        if (isText && operator === '}') text();
      } else if (operator === '<-') isAfterOperand = true;
      else {
        if (operator === ',' || operator === '=') beside();
        else if (operator !== ':') deeper(LINKS.has(operator));
        isAfterOperand = false;
      }
    }
  }
  beside();
}
