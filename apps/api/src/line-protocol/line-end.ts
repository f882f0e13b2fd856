const NEWLINE = 10,
  QUOTE = 34,
  COMMA = 44,
  EQUALS = 61,
  BACKSLASH = 92,
  SPACE = 32;

/**
 * Finds the newline that ends a line, ignoring newlines inside quoted field values (points.go scanLine). Each call
 * resumes where the last one stopped, so that a line of many megabytes can be skipped in pieces.
 */
export class LineEnd {
  #at: number;
  #quoted = false;
  #fields = false;
  #equals = 0;
  #commas = 0;

  constructor(start: number) {
    this.#at = start;
  }

  /** @returns the index of the newline, or the end of the body; undefined when neither comes before `until` */
  find(body: Buffer, until: number): number | undefined {
    const stop = Math.min(until, body.length);
    let i = this.#at;
    for (; i < stop; i++) {
      const byte = body[i];
      if (byte === BACKSLASH && i + 2 < body.length) {
        i++;
        continue;
      }
      if (byte === SPACE) this.#fields = true;
      else if (this.#fields && !this.#quoted && byte === EQUALS) this.#equals++;
      else if (this.#fields && !this.#quoted && byte === COMMA) this.#commas++;
      else if (this.#fields && byte === QUOTE && this.#equals > this.#commas) this.#quoted = !this.#quoted;
      else if (byte === NEWLINE && !this.#quoted) return i;
    }
    this.#at = i;
    return i < body.length ? undefined : body.length;
  }
}

/** Where the line that starts at `start` ends. */
export const lineEnd = (body: Buffer, start: number) => new LineEnd(start).find(body, body.length) as number;
