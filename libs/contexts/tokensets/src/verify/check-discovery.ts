import { type Egress, EgressFailedError, EgressRefusedError } from '@strongroom/egress';
import { discover, DiscoveryError, type ResolvedProvider } from '@strongroom/providers';
import { bad, type Check, good, shown } from './check.js';

/** Where the provider's metadata are; null where everything is written by hand or known. */
export function discoveryAt(provider: ResolvedProvider, options: Record<string, unknown>): string | null {
  const { discovery, issuer } = provider.entry.endpoints;
  const candidates = [options['discovery_url'], options['issuer'], ...(provider.isOidc ? [discovery, issuer] : [])];
  for (const candidate of candidates) {
    if (typeof candidate !== 'string' || candidate === '') continue;
    const url = candidate.replaceAll(/\{([\w-]+)\}/g, (whole, name: string) => provider.values[name] ?? whole);
    if (!/[{}]/.test(url) && URL.canParse(url)) return url;
  }
  return null;
}

/** Is there a document, and does it name the issuer that ID tokens and callbacks are compared with? */
export async function checkDiscovery(
  egress: Pick<Egress, 'request' | 'check'>,
  provider: ResolvedProvider,
  { url, stored }: { url: string; stored: Record<string, unknown> | null },
): Promise<Check[]> {
  const expected = provider.endpoints.issuer;
  let isOurs: boolean | undefined;
  const accepts = (issuer: string) => (isOurs = expected === undefined || isLike(expected, issuer));
  try {
    const document = await discover(egress, { url, accepts });
    return [
      good('discovery', `${shown(url)} describes the provider${moved(stored, document)}`),
      good('issuer', expected === undefined ? 'none is compared' : `the provider calls itself ${expected}`),
    ];
  } catch (error) {
    if (isOurs === false)
      return [
        good('discovery', `${shown(url)} describes a provider`),
        bad(
          'issuer',
          `the provider names another issuer than ${expected}`,
          'Write the issuer exactly as its metadata have it, a slash at its end included, or correct the address.',
        ),
      ];
    if (error instanceof DiscoveryError || error instanceof EgressRefusedError)
      return [bad('discovery', error.message, 'Correct options.issuer or options.discovery_url.')];
    if (error instanceof EgressFailedError)
      return [bad('discovery', `${shown(url)} does not answer`, 'Check the address, and whether the server runs.')];
    throw error;
  }
}

/** The part that each ID token fills stands in braces, in ours as in the provider's. */
function isLike(expected: string, issuer: string): boolean {
  const literals = expected.split(/\{[^}]+\}/);
  const pattern = literals.map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[^/]+');
  return new RegExp(`^${pattern}$`).test(issuer);
}

/** What was read when the connection was saved is what counts until somebody saves it again. */
function moved(stored: Record<string, unknown> | null, found: Record<string, unknown>): string {
  const [before, now] = [stored?.['token_endpoint'], found['token_endpoint']];
  return typeof before === 'string' && before !== now
    ? ', and names another token endpoint than when the connection was saved; save it again to follow'
    : '';
}
