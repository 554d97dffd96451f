import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

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

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
