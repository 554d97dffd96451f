import type { BrowserContext } from 'playwright-core';

/** Taken for markup anywhere, it would run or, where scripts may not, load its image. */
export const MARKUP = '<img src=x onerror="window.ran=1">&amp;';

/** The pages that did so, from now on. */
export function markupTaken(context: BrowserContext): string[] {
  const taken: string[] = [];
  context.on('request', (request) => {
    if (request.url().endsWith('/x')) taken.push(request.frame().url());
  });
  return taken;
}
