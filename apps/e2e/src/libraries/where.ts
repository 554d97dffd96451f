import { isDistributed, isOverHttps } from '../driver/index.js';

/** The suite, or its name and the reason why it is not run here. */
const where = (isThere: boolean, reason: string) => (name: string, suite: () => void) =>
  isThere ? describe(name, suite) : it.skip(`${name}: ${reason}`, () => undefined);

/** Libraries insist on HTTPS; an installation that the environment names may have none. */
export const overHttps = where(isOverHttps(), 'the installation has no HTTPS');

/** An installation that the environment names trusts an authority of its own, if any. */
export const clientAuthority = process.env['STRONGROOM_TEST_CLIENT_CA_FILE'];
export const withCertificates = where(clientAuthority !== undefined, 'the installation trusts no authority of ours');

/** What a library makes of a limit is the same in both modes; that services count together is tried where they count. */
export const inOneProcess = where(!isDistributed(), 'tried in one process');
