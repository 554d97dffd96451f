import { createHash } from 'node:crypto';
import { Html, html, page, pageHeaders } from '@strongroom/http';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { texts } from './texts.js';

/** The two pages of sign-in that have a script: each always the same one, named by its hash (`spec/threats.md` C8). */
const SUBMIT = 'document.forms[0].submit()';
const POST_MESSAGE = `(()=>{const {response,origin}=document.body.dataset,to=window.opener||window.parent;
if(to&&to!==window)to.postMessage({type:'authorization_response',response:JSON.parse(response)},origin);
if(window.opener)window.close()})()`;

const hashOf = (script: string): string => `'sha256-${createHash('sha256').update(script).digest('base64')}'`;
const scriptOf = (script: string): Html => new Html(`<script>${script}</script>`);

const headers = (script: string, framedBy: readonly string[]): Record<string, string> => {
  const { 'x-frame-options': _, 'cross-origin-opener-policy': __, ...kept } = pageHeaders;
  const ancestors = framedBy.length > 0 ? framedBy.join(' ') : `'none'`;
  return {
    ...kept,
    'content-security-policy':
      `default-src 'none'; script-src ${hashOf(script)}; style-src 'self'; base-uri 'none'; ` +
      `frame-ancestors ${ancestors}`,
  };
};

const send = (ctx: KoaContextWithOIDC, sent: Record<string, string>, shown: Html): void => {
  for (const name of Object.keys(pageHeaders)) ctx.remove(name);
  ctx.set(sent);
  ctx.status = 200;
  ctx.type = 'html';
  ctx.body = shown.markup;
};

/** `response_mode=form_post`: a form that sends itself; without scripts, by its button. */
export function formPost(ctx: KoaContextWithOIDC, action: string, fields: Record<string, unknown>): void {
  const { title, purpose, submit } = texts.handover;
  const content = html`<p>${purpose}</p>
    <form method="post" action="${action}">
      ${Object.entries(fields).map(
        ([name, value]) => html`<input type="hidden" name="${name}" value="${String(value)}" />`,
      )}
      <button class="main" type="submit">${submit}</button>
    </form>
    ${scriptOf(SUBMIT)}`;
  const sent = { ...headers(SUBMIT, []), 'x-frame-options': 'DENY' };
  send(ctx, sent, page(title, content, { language: texts.language }));
}

/** `response_mode=web_message`, for the frame or the window of an application that is one of `origins`. */
export function webMessage(
  ctx: KoaContextWithOIDC,
  origin: string,
  origins: readonly string[],
  response: Record<string, unknown>,
): void {
  const { title, message } = texts.handover;
  const content = html`<p>${message}</p>
    ${scriptOf(POST_MESSAGE)}`;
  const data = { origin, response: JSON.stringify(response) };
  send(ctx, headers(POST_MESSAGE, origins), page(title, content, { language: texts.language, data }));
}
