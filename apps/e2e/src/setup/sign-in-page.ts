import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Person } from '../driver/index.js';
import { openProfile } from './chromium.js';

/** A page in a browser that has been nowhere yet. */
export async function openPage(chromium: Browser, url: string): Promise<{ context: BrowserContext; page: Page }> {
  const context = await openProfile(chromium);
  const page = await context.newPage();
  await page.goto(url);
  return { context, page };
}

/** On our own sign-in page, where `page` is or is about to be. */
export async function signInOn(page: Page, { email, password }: Person): Promise<void> {
  await page.fill('#username', email);
  await page.fill('#password', password);
  await page.press('#password', 'Enter');
}
