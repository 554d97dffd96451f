import type { FastifyReply } from 'fastify';

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Markup that is safe to send; made by `html` only. */
export class Html {
  constructor(readonly markup: string) {}
}

type Shown = Html | string | number | false | null | undefined | readonly Shown[];

/** Escapes every value that is not `Html`; arrays are joined. */
export function html(parts: TemplateStringsArray, ...values: Shown[]): Html {
  const shown = (value: Shown | undefined): string =>
    value instanceof Html
      ? value.markup
      : typeof value === 'object' && value !== null
        ? value.map(shown).join('')
        : value === null || value === undefined || value === false
          ? ''
          : String(value).replace(/[&<>"']/g, (character) => ESCAPES[character]!);
  return new Html(parts.reduce((all, part, i) => all + shown(values[i - 1]) + part));
}

/** Where `styles` is served; pages may load nothing else. */
export const STYLES_PATH = '/u/strongroom.css';

export interface PageOptions {
  /** BCP 47. */
  language?: string;
  /** Attributes of `<body>`, for the script of a page that has one. */
  data?: Readonly<Record<string, string>>;
}

/** A whole page. `content` stands inside `<main>`. */
export const page = (title: string, content: Html, { language = 'en', data = {} }: PageOptions = {}): Html =>
  html`<!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="stylesheet" href="${STYLES_PATH}" />
      </head>
      <body ${Object.entries(data).map(([name, value]) => html` data-${name}="${value}"`)}>
        <main>
          <h1>${title}</h1>
          ${content}
        </main>
      </body>
    </html>`;

/** Headers of every HTML answer and of every redirect between pages (`spec/connect-flow.md` §5). */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
};

/** @param more headers that take the place of the usual ones, or stand beside them */
export function sendPage(
  reply: FastifyReply,
  status: number,
  content: Html,
  more: Readonly<Record<string, string>> = {},
): void {
  void reply
    .code(status)
    .headers({ ...pageHeaders, ...more, 'content-type': 'text/html; charset=utf-8' })
    .send(content.markup);
}

/**
 * 303, so that a form's POST is not repeated at the target (RFC 9700 §4.12). A header holds ASCII alone: what else an
 * address holds goes the way a browser would send it.
 */
export function sendSeeOther(reply: FastifyReply, location: string, more: Readonly<Record<string, string>> = {}): void {
  void reply
    .code(303)
    .headers({ ...pageHeaders, ...more, location: location.replace(/[^\x21-\x7e]+/gu, encodeURIComponent) })
    .send();
}

export const styles = `:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--soft:#59636e;--line:#848d97;--act:#0b5cad;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--soft:#9da7b1;--line:#656c76;--act:#6cb2ff;--bad:#ff8a80}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
main{max-width:26rem;margin:3rem auto;padding:0 1.25rem}
h1{font-size:1.4rem;line-height:1.25}
label{display:block;margin:1rem 0 .25rem;font-weight:600}
input[type=text],input[type=password]{box-sizing:border-box;width:100%;padding:.6rem;font:inherit;color:inherit;background:transparent;border:1px solid var(--line);border-radius:.4rem}
button{margin:1.25rem .5rem 0 0;padding:.6rem 1.1rem;font:inherit;border:1px solid var(--act);border-radius:.4rem;background:transparent;color:var(--act);cursor:pointer}
button[value=accept],button.main{background:var(--act);color:var(--paper)}
:focus-visible{outline:3px solid var(--act);outline-offset:2px}
ul{padding-left:1.2rem}code{color:var(--soft);font-size:.9em}
.note{color:var(--soft)}.problem{color:var(--bad);font-weight:600}
`;
