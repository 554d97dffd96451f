import { z } from 'zod';
import { fault, recordedAnswer } from './faults.js';
import { json, type Answer, type Request } from './http.js';
import type { Provider } from './provider.js';
import { settingsOver } from './settings.js';

const person = z.strictObject({ person: z.string().min(1) });

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
  const { grants, faults } = provider;
  const done = json(200, {});
  switch (operation) {
    case 'PUT ':
      provider.settings = settingsOver(provider.dialect.defaults, body);
      return json(200, described(provider));
    case 'PATCH ':
      provider.settings = settingsOver(provider.settings, body);
      return json(200, described(provider));
    case 'GET ':
      return json(200, described(provider));
    case 'POST faults':
      faults.add(fault.parse(body));
      return done;
    case 'POST answers':
      faults.answerWith(recordedAnswer.parse(body));
      return done;
    case 'DELETE faults':
      faults.clear();
      return done;
    case 'GET state':
      return json(200, provider.state());
    case 'POST truth':
      return json(200, truth(provider, z.object({ token: z.string() }).parse(body).token));
    case 'GET secrets':
      return json(200, { secrets: [provider.settings.clientSecret, ...grants.issued] });
    case 'POST expire':
      grants.expireAccessTokens();
      return done;
    case 'POST revoke':
      grants.revokeAll(z.object({ person: z.string().optional() }).parse(body).person);
      return done;
    case 'POST suspend':
      grants.suspend(person.parse(body).person, true);
      return done;
    case 'POST resume':
      grants.suspend(person.parse(body).person, false);
      return done;
    case 'POST rotate-secret':
      provider.settings = { ...provider.settings, clientSecret: grants.secret('cs') };
      return json(200, { clientSecret: provider.settings.clientSecret });
    case 'POST clock':
      provider.travel(z.strictObject({ advanceSeconds: z.number().min(0) }).parse(body).advanceSeconds);
      return json(200, { now: new Date(provider.now()).toISOString() });
    default:
      return json(404, { message: 'There is no such control.' });
  }
}

const described = ({ dialect, settings }: Provider) => ({
  issuer: dialect.issuer({}),
  connectionOptions: dialect.connectionOptions,
  settings: { ...settings, clientSecret: 'set' },
});

const truth = ({ grants }: Provider, token: string) => ({
  kind: grants.knows(token),
  alive: grants.isAlive(token),
});
