import type { Answer } from './http.js';
import type { Installation } from './installation.js';
import { Page } from './page.js';

/** Where a browser ended up: a page, or an address of the app, which no server of the test answers. */
export interface Arrival {
  url: URL;
  page: Page | null;
}

interface Cookie {
  host: string;
  path: string;
  name: string;
  value: string;
}

const MAX_REDIRECTS = 20;

/** One browser profile, without JavaScript: cookies, redirects, plain forms. */
export class Browser {
  private cookies: Cookie[] = [];
  /** Every address it was sent to, in order. */
  trail: URL[] = [];

  constructor(
    private readonly installation: Installation,
    /** Origins of applications that answer; the browser goes nowhere else. */
    private readonly applications: readonly string[] = [],
  ) {}

  visit(url: string): Promise<Arrival> {
    return this.follow(new URL(url), 'GET');
  }

  /** Sends the form of the page with these fields; `action` is the button that is pressed. */
  submit(page: Page, fields: Record<string, string | null>): Promise<Arrival> {
    return this.follow(new URL(page.action), 'POST', new URLSearchParams(page.filled(fields)).toString());
  }

  /** One request with this browser's cookies; a redirect is not followed. `more` are headers that it sends beside. */
  async request(url: URL, method: string, body?: string, more: Record<string, string> = {}): Promise<Answer> {
    const cookie = this.cookies
      .filter(({ host, path }) => host === url.hostname && url.pathname.startsWith(path))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
    const answer = await this.installation.http.send(url.href, {
      method,
      headers: {
        ...(cookie ? { cookie } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded', origin: 'null' }),
        accept: 'text/html',
        ...more,
      },
      ...(body === undefined ? {} : { body }),
    });
    for (const line of answer.cookies) this.keep(url, line);
    return answer;
  }

  private async follow(from: URL, firstMethod: string, firstBody?: string): Promise<Arrival> {
    let [url, method, body] = [from, firstMethod, firstBody];
    for (let i = 0; i < MAX_REDIRECTS; i++) {
      this.trail.push(url);
      if (!this.isServed(url)) return { url, page: null };
      const answer = await this.request(url, method, body);
      if (answer.status < 300 || answer.status >= 400)
        return { url, page: new Page(url, answer.status, answer.headers, answer.text) };
      url = new URL(answer.headers['location']!, url);
      [method, body] = ['GET', undefined];
    }
    throw new Error(`More than ${MAX_REDIRECTS} redirects; the last one went to ${url.origin}${url.pathname}`);
  }

  private isServed({ origin }: URL): boolean {
    const { url, simulatorUrl } = this.installation.address;
    return [new URL(url).origin, new URL(simulatorUrl).origin, ...this.applications].includes(origin);
  }

  private keep(url: URL, line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    const attribute = (wanted: string) =>
      attributes.find((text) => text.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
    const path = attribute('path') ?? '/';
    this.cookies = this.cookies.filter((one) => one.host !== url.hostname || one.name !== name || one.path !== path);
    const expires = attribute('expires');
    const isOver = attribute('max-age') === '0' || (expires !== undefined && Date.parse(expires) <= Date.now());
    if (!isOver && value !== '') this.cookies.push({ host: url.hostname, path, name, value });
  }
}
