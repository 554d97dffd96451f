import { z } from 'zod';
import { json, type Answer, type Request } from './http.js';
import type { Provider } from './provider.js';
import { changedSettings, fault, providerSettings } from './settings.js';

/** `/_control/{provider}/{what}`: how a test tells a provider to behave, and asks what happened. */
export function control(provider: Provider, what: string, request: Request): Answer {
  try {
    return answer(provider, `${request.method} ${what}`, request);
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError) return json(400, { message: error.message });
    throw error;
  }
}

function answer(provider: Provider, operation: string, request: Request): Answer {
  const body: unknown = request.body === '' ? {} : JSON.parse(request.body);
  switch (operation) {
    case 'PUT ':
      provider.settings = providerSettings.parse(body);
      return json(200, described(provider));
    case 'PATCH ':
      provider.settings = changedSettings(provider.settings, body);
      return json(200, described(provider));
    case 'GET ':
      return json(200, described(provider));
    case 'POST faults':
      provider.addFault(fault.parse(body));
      return json(200, {});
    case 'DELETE faults':
      provider.clearFaults();
      return json(200, {});
    case 'GET state':
      return json(200, provider.state());
    case 'POST truth':
      return json(200, truth(provider, z.object({ token: z.string() }).parse(body).token));
    case 'GET secrets':
      return json(200, { secrets: [provider.settings.clientSecret, ...provider.grants.issued] });
    case 'POST expire':
      provider.grants.expireAccessTokens();
      return json(200, {});
    case 'POST revoke':
      provider.grants.revokeAll(z.object({ person: z.string().optional() }).parse(body).person);
      return json(200, {});
    default:
      return json(404, { message: 'There is no such control.' });
  }
}

const described = ({ issuer, settings }: Provider) => ({ issuer, settings: { ...settings, clientSecret: 'set' } });

const truth = ({ grants }: Provider, token: string) => ({
  kind: grants.knows(token),
  alive: grants.isAlive(token),
});
