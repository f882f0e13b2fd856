interface Cookie {
  name: string;
  value: string;
  path: string;
}

export interface Visit {
  /** The last URL, or the first one of another origin, which is not visited. */
  url: URL;
  status: number;
  headers: Headers;
  body: string;
}

/** What a browser does with cookies and redirects on one origin. Ports of a host share cookies. */
export class Browser {
  #origin: string;
  #cookies: Cookie[] = [];
  /** Every response's cookies, as set. */
  readonly set: string[] = [];

  constructor(origin: string) {
    this.#origin = origin;
  }

  cookie(what: string): string | undefined {
    return this.#cookies.find(({ name }) => name.includes(what))?.value;
  }

  forget(what: string): void {
    this.#cookies = this.#cookies.filter(({ name }) => !name.includes(what));
  }

  /** Sends the same cookies from now on. */
  clone(): Browser {
    const other = new Browser(this.#origin);
    other.#cookies = [...this.#cookies];
    return other;
  }

  async go(target: string | URL, init: RequestInit = {}): Promise<Visit> {
    let url = new URL(target, this.#origin);
    let reply = await this.#send(url, init);
    for (let hops = 0; hops < 12; hops++) {
      const location = reply.headers.get('location');
      if (!location) break;
      url = new URL(location, url);
      if (url.origin !== this.#origin || url.pathname === '/sign-in') break;
      reply = await this.#send(url, {});
    }
    return { url, status: reply.status, headers: reply.headers, body: await reply.text() };
  }

  /** Follows no redirect. @returns where to */
  async step(target: URL): Promise<URL | undefined> {
    const location = (await this.#send(target, {})).headers.get('location');
    return location ? new URL(location, target) : undefined;
  }

  /** Submits a form of a page: the first one, unless another is meant. */
  async submit({ body, url }: Visit, which = 0): Promise<Visit> {
    const form = [...body.matchAll(/<form[^>]*action="([^"]+)"[^>]*>([\s\S]*?)<\/form>/g)][which];
    if (!form) throw new Error(`no such form: ${body}`);
    const fields = [...(form[2] as string).matchAll(/name="([^"]+)" value="([^"]*)"/g)];
    const values = new URLSearchParams(Object.fromEntries(fields.map(([, name = '', value = '']) => [name, value])));
    return this.go(new URL(form[1] as string, url), { method: 'POST', body: values });
  }

  async #send(url: URL, init: RequestInit): Promise<Response> {
    const cookie = this.#cookies
      .filter(({ path }) => url.pathname === path || url.pathname.startsWith(path.replace(/\/?$/, '/')))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
    const headers = { accept: 'text/html', ...(cookie && { cookie }), ...init.headers };
    const reply = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of reply.headers.getSetCookie()) this.#keep(line, url);
    return reply;
  }

  #keep(line: string, url: URL): void {
    this.set.push(line);
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    const path = /;\s*path=([^;]+)/i.exec(line)?.[1] ?? url.pathname.replace(/\/[^/]*$/, '');
    const isGone = /expires=Thu, 01 Jan 1970/i.test(line) || /max-age=0/i.test(line);
    this.#cookies = this.#cookies.filter((one) => one.name !== name || one.path !== path);
    if (!isGone) this.#cookies.push({ name, value, path });
  }
}
