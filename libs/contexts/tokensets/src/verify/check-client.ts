import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
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
    const input = {
      clientSecret,
      code: `strongroom-verify-${randomBytes(12).toString('hex')}`,
      codeVerifier: usesPkce(provider) ? randomBytes(32).toString('base64url') : null,
      redirectUri,
    };
    const request = tokenRequest(provider, 'exchange', input);
    const isSecretAlone = isDeepStrictEqual(request, tokenRequest(ofAnotherClient(provider), 'exchange', input));
    const answer = await egress.request(request);
    const read = readTokenAnswer(provider, 'exchange', { scopes: [] }, answer, new Date());
    const wrong = wrongEndpoint(at, answer, read);
    if (wrong) return [wrong];
    return [
      good('token_endpoint', `${at} answers as a token endpoint does`),
      client(read as ProviderError, isSecretAlone),
    ];
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

/** Some providers know a client by its secret: a request that is the same for another client does not try the id. */
const ofAnotherClient = (provider: ResolvedProvider): ResolvedProvider => {
  const clientId = `not-${provider.clientId}`;
  return { ...provider, clientId, values: { ...provider.values, client_id: clientId } };
};

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

function client({ class: kind, code, status }: ProviderError, isSecretAlone: boolean): Check {
  const name = 'client_authentication';
  if (kind === 'restart_flow')
    return good(
      name,
      isSecretAlone
        ? 'the provider refused a made-up code, and not the client secret it came with; the client id is not sent, so it was not tried'
        : 'the provider refused a made-up code, and not the client id and secret it came with',
    );
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

const ID_OR_SECRET = 'the client id or secret';
const COMPARE_BOTH = 'Compare options.client_id with the provider and enter the client secret again.';

/**
 * Which part it is, where the provider's own code leaves no doubt; the last stands for those that do. A code that
 * names the secret does: several providers say so of an id that they do not know.
 */
const PARTS = [
  {
    told: /redirect/i,
    part: 'the redirect URI',
    remedy: 'Register the redirect URIs below at the provider, letter by letter.',
  },
  {
    told: /^(?!.*secret).*(client.?id(?![a-z])|app.?id(?![a-z])|unknown.?client|client.?not.?found)/i,
    part: 'the client id',
    remedy: 'Correct options.client_id.',
  },
  {
    // RFC 6749 §5.2 has it for a grant that the client may not use; some answer a wrong secret with it.
    told: /^unauthorized_client$/i,
    part: ID_OR_SECRET,
    remedy: `${COMPARE_BOTH} If both are right, allow the authorization code grant for this client there.`,
  },
  {
    told: /(?:)/,
    part: ID_OR_SECRET,
    remedy: `${COMPARE_BOTH} If both are right, check there that the client is active and how it authenticates.`,
  },
] as const;
