import { connect, type Socket } from 'node:net';

/** Telegraf's outputs.http gives up after five seconds. */
const TIMEOUT_MS = 5_000;

/** A kept connection to the server: one request at a time. */
export class Connection {
  #port: number;
  #socket: Socket | undefined;
  #text = '';
  #answered: ((status: number) => void) | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /** @returns the reply's status; 0 if the connection broke or nothing came in time */
  send(head: string, body: Buffer): Promise<number> {
    return new Promise((resolve) => {
      let isOpen = true;
      // An answer that has arrived counts, even if this process is late to read it.
      const timer = setTimeout(() => setImmediate(() => isOpen && this.close()), TIMEOUT_MS);
      this.#answered = (status) => {
        clearTimeout(timer);
        isOpen = false;
        this.#answered = undefined;
        resolve(status);
      };
      const socket = this.#open();
      socket.cork();
      socket.write(head, 'latin1');
      socket.write(body);
      socket.uncork();
    });
  }

  #open(): Socket {
    if (this.#socket && !this.#socket.destroyed) return this.#socket;
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => this.#read(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#socket === socket) this.close();
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

  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
    this.#answered?.(0);
  }
}

/** What a robot sends through. */
export interface Way {
  send(head: string, body: Buffer): Promise<number>;
  close(): void;
}

/** Connections that robots share, as behind a reverse proxy: opened as needed, the one used last is taken first. */
export class SharedConnections {
  #port: number;
  #most: number;
  #opened = 0;
  #free: Connection[] = [];
  #waiting: { since: number; take(connection: Connection | undefined): void }[] = [];

  constructor(port: number, most: number) {
    this.#port = port;
    this.#most = most;
  }

  /** A way through them. A robot that loses its network breaks nobody else's connection. */
  way(): Way {
    return { send: (head, body) => this.#send(head, body), close: () => {} };
  }

  async #send(head: string, body: Buffer): Promise<number> {
    const connection = await this.#take();
    if (!connection) return 0;
    try {
      return await connection.send(head, body);
    } finally {
      this.#give(connection);
    }
  }

  #give(connection: Connection): void {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      const isLate = performance.now() - next.since > TIMEOUT_MS;
      next.take(isLate ? undefined : connection);
      if (!isLate) return;
    }
    this.#free.push(connection);
  }

  #take(): Connection | Promise<Connection | undefined> {
    const free = this.#free.pop();
    if (free) return free;
    if (this.#opened >= this.#most)
      return new Promise((take) => this.#waiting.push({ since: performance.now(), take }));
    this.#opened++;
    return new Connection(this.#port);
  }

  close(): void {
    for (const connection of this.#free) connection.close();
  }
}
