import { html, page, pageHeaders, type Html } from '@strongroom/http';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { texts } from './texts.js';

/** Where a sign-in cannot go on; `code` is for whoever runs the application. */
export const problemPage = (what: string, code: string | null = null): Html =>
  page(
    texts.problem.title,
    html`<p class="problem" role="alert">${what}</p>
      <p>${texts.problem.advice}</p>
      ${code && html`<p class="note">${texts.problem.code} <code>${code}</code></p>`}`,
    { language: texts.language },
  );

/** Where nothing may be redirected to: an unknown client or callback, a sign-in that is over. */
export function refusalPage(ctx: KoaContextWithOIDC, { error }: { error: string }, cause?: Error): void {
  const { codes, ended, failed, unknown } = texts.problem;
  const isOurs = ctx.status >= 500;
  const what = cause instanceof errors.SessionNotFound ? ended : (codes[error] ?? (isOurs ? failed : unknown));
  ctx.set({ ...pageHeaders });
  ctx.status = isOurs ? ctx.status : 400; // said, or the body makes it 200
  ctx.type = 'html';
  ctx.body = problemPage(what, error).markup;
}
