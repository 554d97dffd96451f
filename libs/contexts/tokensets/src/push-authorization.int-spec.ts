import { Bench, refusal } from '../test/bench.js';
import type { Answer } from '../test/provider.js';

describe('an authorization request', () => {
  let bench: Bench;
  let pushed: Record<string, string>[];

  beforeAll(async () => {
    bench = await Bench.start();
  });
  afterAll(() => bench.stop());
  beforeEach(() => {
    pushed = [];
    lodge({ status: 201, body: { request_uri: 'urn:example:1', expires_in: 90 } });
  });

  const lodge = (answer: Answer) =>
    bench.provider.pages.set('/par', (form) => {
      pushed.push(Object.fromEntries(form));
      return answer;
    });
  const push = async (metadata: Record<string, unknown> | null) => {
    const connectionId = await bench.connection({}, { metadata });
    const members: [string, string][] = [
      ['client_id', 'upstream-client'],
      ['state', 'cnry_state'],
    ];
    return bench.vault.pushAuthorization({ connectionId, params: {}, members });
  };
  const demanding = () => ({
    require_pushed_authorization_requests: true,
    pushed_authorization_request_endpoint: `${bench.provider.url}/par`,
  });

  it('is lodged by the client with its secret, and known by a name', async () => {
    expect(await push(demanding())).toEqual({ requestUri: 'urn:example:1', expiresIn: 90 });
    expect(pushed).toEqual([
      { client_id: 'upstream-client', state: 'cnry_state', client_secret: 'cnry_client_secret' },
    ]);
  });

  it.each<[string, Answer, string, number]>([
    ['the client', { status: 401, body: { error: 'invalid_client' } }, 'server_error', 502],
    ['a scope', { status: 400, body: { error: 'invalid_scope' } }, 'push_refused', 400],
    ['everything for now', { status: 503, body: 'cnry_page' }, 'provider_unavailable', 502],
    ['to answer', 'reset', 'provider_unavailable', 502],
  ])('that is refused for %s says so', async (_, answer, code, status) => {
    lodge(answer);
    expect(await refusal(push(demanding()))).toMatchObject({ code, status });
  });

  it('cannot be lodged where nothing takes it', async () => {
    expect(await refusal(push(null))).toMatchObject({ code: 'server_error', status: 502 });
    expect(pushed).toEqual([]);
  });
});
