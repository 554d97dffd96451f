import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/** What a scheme changes is colours; the other rules say the same of both. */
const RUNS = [
  { colorScheme: 'light', options: { resultTypes: ['violations'] } },
  { colorScheme: 'dark', options: { resultTypes: ['violations'], runOnly: ['color-contrast'] } },
] as const;

/** What axe finds on a page in light and in dark, a line each. */
export async function axeProblems(page: Page): Promise<string[]> {
  const problems: string[] = [];
  // A page is there before its styles are, and axe judges what it sees.
  await page.waitForLoadState();
  if (!(await page.evaluate('"axe" in window'))) await page.evaluate(axe.source);
  for (const { colorScheme, options } of RUNS) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await page.evaluate<AxeResults>(`axe.run(${JSON.stringify(options)})`);
    for (const { id, nodes } of violations)
      problems.push(...nodes.map(({ html }) => `${colorScheme} ${new URL(page.url()).pathname} ${id}: ${html}`));
  }
  return problems;
}
