import { connect, type Socket } from 'node:net';

export interface Answer {
  /** 0 if the connection broke. */
  status: number;
  ms: number;
  at: number;
}

/** A request times out after five seconds. */
const TIMEOUT_MS = 5_000;
const MAX_BACKLOG = 60;

/**
 * A robot with its own connection, like Telegraf's outputs.http: data that did not get 204 is sent again at the next
 * flush, together with newer data.
 */
export class FleetRobot {
  #port: number;
  #head: string;
  #body: Buffer;
  #socket: Socket | undefined;
  #text = '';
  #answered: ((status: number) => void) | undefined;
  #waiting = 0;
  #busy = false;

  constructor(port: number, token: string, body: Buffer) {
    this.#port = port;
    this.#body = body;
    this.#head = [
      'POST /api/metrics HTTP/1.1',
      'Host: bench',
      `Authorization: Bearer ${token}`,
      'Content-Encoding: gzip',
      `Content-Length: ${body.length}`,
      '\r\n',
    ].join('\r\n');
  }

  async flush(onAnswer: (answer: Answer) => void): Promise<void> {
    this.#waiting = Math.min(MAX_BACKLOG, this.#waiting + 1);
    if (this.#busy) return;
    this.#busy = true;
    for (let status = 204; this.#waiting > 0 && status === 204; ) {
      const started = performance.now();
      status = await this.#send();
      onAnswer({ status, ms: performance.now() - started, at: started });
      if (status === 204) this.#waiting--;
    }
    this.#busy = false;
  }

  #send(): Promise<number> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#break(), TIMEOUT_MS);
      this.#answered = (status) => {
        clearTimeout(timer);
        this.#answered = undefined;
        resolve(status);
      };
      const socket = this.#open();
      socket.write(this.#head, 'latin1');
      socket.write(this.#body);
    });
  }

  #open(): Socket {
    if (this.#socket && !this.#socket.destroyed) return this.#socket;
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => this.#read(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#socket === socket) this.#break();
    });
    this.#text = '';
    this.#socket = socket;
    return socket;
  }

  #read(chunk: string): void {
    this.#text += chunk;
    const end = this.#text.indexOf('\r\n\r\n');
    if (end === -1) return;
    const head = this.#text.slice(0, end);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#text.length < end + 4 + length) return;
    this.#text = '';
    this.#answered?.(Number(head.slice(9, 12)));
  }

  #break(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
    this.#answered?.(0);
  }

  close(): void {
    this.#break();
  }
}
