import { randomBytes } from 'node:crypto';
import { type Egress, type EgressAnswer, EgressFailedError, EgressRefusedError } from '@strongroom/egress';
import {
  ConnectionMisconfiguredError,
  type ProviderError,
  type ProviderTokens,
  readTokenAnswer,
  type ResolvedProvider,
  tokenRequest,
  usesPkce,
} from '@strongroom/providers';
import { bad, type Check, good, shown } from './check.js';

const CORRECT_URL = "Correct the connection's token URL.";
/** Some providers deny that there is anything for a client they do not know. */
const CORRECT_URL_OR_ID = `${CORRECT_URL} If it is right, correct options.client_id.`;
const TRY_AGAIN = 'Try again later; if it stays so, ask the provider.';

/** A code that nobody issued: a provider that knows the client refuses the code, any other refuses the client. */
export async function checkClient(
  egress: Pick<Egress, 'request'>,
  provider: ResolvedProvider,
  { clientSecret, redirectUri }: { clientSecret: string | null; redirectUri: string },
): Promise<Check[]> {
  const at = shown(provider.endpoints.token);
  try {
    const request = tokenRequest(provider, 'exchange', {
      clientSecret,
      code: `strongroom-verify-${randomBytes(12).toString('hex')}`,
      codeVerifier: usesPkce(provider) ? randomBytes(32).toString('base64url') : null,
      redirectUri,
    });
    const answer = await egress.request(request);
    const read = readTokenAnswer(provider, 'exchange', { scopes: [] }, answer, new Date());
    const wrong = wrongEndpoint(at, answer, read);
    if (wrong) return [wrong];
    return [good('token_endpoint', `${at} answers as a token endpoint does`), client(read as ProviderError)];
  } catch (error) {
    if (error instanceof ConnectionMisconfiguredError)
      return [bad('client_authentication', error.message, 'Correct how the client authenticates itself.')];
    if (error instanceof EgressFailedError && error.sent === 'no')
      return [
        bad(
          'token_endpoint',
          `${at} takes no connection`,
          'Check host and port of the token URL, and whether the server runs.',
        ),
      ];
    if (error instanceof EgressFailedError || error instanceof EgressRefusedError)
      return [bad('token_endpoint', `${at} takes the request and does not answer it`, TRY_AGAIN)];
    throw error;
  }
}

function wrongEndpoint(at: string, answer: EgressAnswer, read: ProviderTokens | ProviderError): Check | undefined {
  const { status } = answer;
  const wrong = (what: string) => bad('token_endpoint', `${at} ${what}: the token URL is wrong`, CORRECT_URL);
  if (read.outcome === 'tokens') return wrong('answers a code that nobody issued with a token');
  if (status >= 300 && status < 400) return wrong(`redirects elsewhere (status ${status})`);
  if (read.class === 'restart_flow' || read.class === 'client_config') return undefined;
  if (status >= 500 || status === 429)
    return bad('token_endpoint', `${at} answers with status ${status} at the moment`, TRY_AGAIN);
  if ([404, 405, 410].includes(status))
    return {
      ...wrong(`is not there (status ${status})`),
      ...(read.code === null ? {} : { remedy: CORRECT_URL_OR_ID }),
    };
  if (/\bhtml\b/i.test(answer.headers['content-type'] ?? '')) return wrong('answers with a web page');
  if (read.code !== null) return undefined;
  return status < 300 ? wrong('answers with what no token endpoint says') : undefined;
}

function client({ class: kind, code, status }: ProviderError): Check {
  const name = 'client_authentication';
  if (kind === 'restart_flow')
    return good(name, 'the provider refused a made-up code, and not the client id and secret it came with');
  if (kind === 'client_config') {
    const { part, remedy } = PARTS.find(({ told }) => told.test(code ?? ''))!;
    return bad(name, `the provider refuses ${part}`, remedy);
  }
  return bad(
    name,
    `not decided: the provider's answer (status ${status}) tells neither that the client is good nor that it is not`,
    'Connect an account of your own to see whether it works.',
  );
}

/** Which part it is, where the provider's own code tells; the last stands for those that do not. */
const PARTS = [
  {
    told: /redirect/i,
    part: 'the redirect URI',
    remedy: 'Register the redirect URIs below at the provider, letter by letter.',
  },
  { told: /secret|credential/i, part: 'the client secret', remedy: 'Enter the client secret again.' },
  {
    told: /client.?id|app.?id|unknown.?client|client.?not.?found/i,
    part: 'the client id',
    remedy: 'Correct options.client_id.',
  },
  {
    told: /^unauthorized_client$/i,
    part: 'this client for authorization codes',
    remedy: 'Allow the authorization code grant for this client at the provider.',
  },
  {
    told: /(?:)/,
    part: 'the client id or secret',
    remedy:
      'Compare options.client_id with the provider, enter the client secret again, and check how the client authenticates.',
  },
] as const;
