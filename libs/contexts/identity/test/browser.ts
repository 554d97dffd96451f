import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FORM, send } from './answers.js';

export interface Page {
  path: string;
  status: number;
  text: string;
  headers: Headers;
  /** Where the browser was sent outside of Strongroom. */
  left: string | null;
}

/** Follows redirects and keeps cookies, as far as these pages need it. */
export class Browser {
  /** Every `Set-Cookie` line that came. */
  readonly received: string[] = [];
  readonly cookies = new Map<string, { value: string; path: string }>();

  constructor(
    private readonly server: { app: NestFastifyApplication; origin: string },
    /** A path of Strongroom's that counts as outside. */
    private readonly stopsAt = '',
  ) {}

  async open(url: string, form?: URLSearchParams): Promise<Page> {
    const { origin, app } = this.server;
    const at = new URL(url, origin);
    if (at.origin !== origin || at.pathname === this.stopsAt)
      return { path: at.pathname, status: 0, text: '', headers: new Headers(), left: at.href };
    const cookie = [...this.cookies]
      .filter(([, { path }]) => at.pathname.startsWith(path))
      .map(([key, { value }]) => `${key.split('@')[0]}=${value}`)
      .join('; ');
    const answer = form
      ? await send(app, 'POST', at.pathname + at.search, { ...FORM, cookie }, form.toString())
      : await send(app, 'GET', at.pathname + at.search, { cookie });
    for (const line of answer.headers.getSetCookie()) this.keep(line);
    const location = answer.headers.get('location');
    if (location) return this.open(new URL(location, at).href);
    return { path: at.pathname, status: answer.status, text: answer.text, headers: answer.headers, left: null };
  }

  /** Sends the page's form with its hidden fields. */
  submit(page: Page, fields: Record<string, string>): Promise<Page> {
    const csrf = /name="csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    return this.open(page.path, new URLSearchParams({ csrf, ...fields }));
  }

  private keep(line: string): void {
    this.received.push(line);
    const [pair, ...attributes] = line.split('; ');
    const [name, value] = [pair!.slice(0, pair!.indexOf('=')), pair!.slice(pair!.indexOf('=') + 1)];
    const path = attributes.find((one) => one.startsWith('path='))?.slice(5) ?? '/';
    if (value) this.cookies.set(`${name}@${path}`, { value, path });
    else this.cookies.delete(`${name}@${path}`);
  }
}
