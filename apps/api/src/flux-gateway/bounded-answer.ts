const QUOTE = 0x22;
const LINE_END = 0x0a;

/** How InfluxDB tells of an error when rows have already been sent: one more table. */
const errorTable = (message: string) =>
  `\r\n#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n,${message},\r\n`;

/**
 * Passes an answer in CSV on, up to so many bytes. Cut off, or when reading fails, it ends after a whole row, with a table
 * that says why. @param why what to tell of an error
 */
export async function* boundedAnswer(
  body: AsyncIterable<Buffer>,
  maxBytes: number,
  why: (error: unknown) => string,
): AsyncGenerator<Buffer> {
  let sent = 0;
  let isQuoted = false;
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of body) {
      const text = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      let end = 0;
      for (let i = rest.length; i < text.length; i++) {
        if (text[i] === QUOTE) isQuoted = !isQuoted;
        else if (text[i] === LINE_END && !isQuoted) {
          if (sent + i + 1 > maxBytes) break;
          end = i + 1;
        }
      }
      if (end > 0) yield text.subarray(0, end);
      sent += end;
      rest = text.subarray(end);
      if (sent + rest.length > maxBytes) {
        yield Buffer.from(errorTable(`the answer has more than ${maxBytes} bytes; narrow the query`));
        return;
      }
    }
  } catch (error) {
    yield Buffer.from(errorTable(why(error)));
    return;
  }
  if (rest.length > 0) yield rest;
}
