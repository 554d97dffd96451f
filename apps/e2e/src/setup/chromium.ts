import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium } from 'playwright-core';

/** What one step in a page may take on a machine that is busy with other things, and a test of many steps. */
export const STEP_MS = 120_000;
export const CHROMIUM_TEST_MS = 600_000;

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/**
 * The browser of this machine: the one that STRONGROOM_TEST_CHROMIUM names, else one in PATH. Undefined: none, which
 * skips what needs one, but not in CI.
 */
export function chromiumPath(): string | undefined {
  const named = process.env['STRONGROOM_TEST_CHROMIUM'];
  const inPath = (process.env['PATH'] ?? '').split(delimiter).flatMap((dir) => NAMES.map((name) => join(dir, name)));
  const found = [...(named ? [named] : []), ...inPath].find(isExecutable);
  if (!found && process.env['CI']) throw new Error('CI needs Chromium in PATH, or STRONGROOM_TEST_CHROMIUM');
  return found;
}

/** Without a sandbox of its own, which root cannot have: it opens pages of ours and no other. */
export const startChromium = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });

/** A browser that has been nowhere yet. */
export async function openProfile(chromium: Browser, options: BrowserContextOptions = {}): Promise<BrowserContext> {
  const context = await chromium.newContext({ ignoreHTTPSErrors: true, ...options });
  context.setDefaultTimeout(STEP_MS);
  return context;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
