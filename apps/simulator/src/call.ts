import type { Call } from './dialect.js';
import { withFault } from './faults.js';
import { CUT, type Answer } from './http.js';
import type { Provider } from './provider.js';
import { tokenEndpoint } from './token-endpoint.js';

/** The token of `Authorization: Bearer`; empty if there is none. */
export const bearerOf = ({ request }: Pick<Call, 'request'>): string =>
  /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';

/**
 * One call of an app: written down, answered with a recorded answer if one is due, else by the provider, with whatever
 * fault was ordered for it.
 */
export async function answerCall(
  provider: Provider,
  call: Call,
  { url, answer }: { url: string; answer?: () => Promise<Answer> | Answer },
): Promise<Answer | typeof CUT> {
  const sent = Object.entries({ ...Object.fromEntries(call.request.query), ...call.members.values });
  const entry = provider.journal.add(call.request, {
    phase: call.phase,
    url,
    sent,
    secrets: [call.params['token'], call.params['accessToken'], call.params['refreshToken']].filter(
      (one) => one !== undefined,
    ),
  });
  const commit = (own: () => Promise<Answer>) =>
    withFault(provider.faults.next(call.phase, personOf(provider, call)), () => withinLimit(provider, call, own));
  const given =
    provider.faults.nextAnswer(call.phase) ??
    (answer ? await commit(async () => answer()) : await tokenEndpoint(provider, call, commit));
  entry.status = given === CUT ? null : given.status;
  return given;
}

async function withinLimit(provider: Provider, { phase }: Call, own: () => Promise<Answer>): Promise<Answer> {
  const waitSeconds = provider.limit(phase);
  return waitSeconds === null ? own() : provider.dialect.refusal(phase, 'limited', { waitSeconds });
}

function personOf(provider: Provider, call: Call): string | null {
  const { grants } = provider;
  const tokens = [bearerOf(call), ...Object.values(call.params), ...Object.values(call.members.values ?? {})];
  const behind = tokens.map((token) => grants.behind(token)).find((grant) => grant !== null);
  return behind?.person ?? provider.personBehind(call.members.values ?? {});
}
