import type { Catalogue } from '@strongroom/providers';
import { refused } from './connections.errors.js';

const OTHER_PROTOCOLS = ['samlp', 'adfs', 'pingfederate', 'sharepoint'];

/** @throws ValidationError that says what is offered instead */
export function requireOffered(catalogue: Catalogue, strategy: string): void {
  if (catalogue.isOffered(strategy)) return;
  throw refused(
    'strategy',
    OTHER_PROTOCOLS.includes(strategy)
      ? 'SAML and WS-Federation are not in the first release; reach the same directory over OpenID Connect, with strategy oidc'
      : `there is no provider entry for this strategy; offered are ${catalogue.offeredStrategies().join(', ')}`,
  );
}
