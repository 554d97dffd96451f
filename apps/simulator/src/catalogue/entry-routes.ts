import { authorize, decide } from '../authorize.js';
import type { Visit } from '../visit.js';
import { answerCall } from '../call.js';
import type { Call } from '../dialect.js';
import { json, type Answer, type CUT, type Request } from '../http.js';
import { membersOf } from '../members.js';
import type { Provider } from '../provider.js';
import { newSecret } from '../secrets.js';
import type { CallPhase } from '../settings.js';
import { answerApi, tellAccount } from './account.js';
import type { Role } from './endpoints.js';
import type { EntryDialect, Stage } from './entry-dialect.js';
import { metadata } from './metadata.js';
import { revoke } from './revocation.js';
import type { Routes } from './routes.js';

const PHASES: Record<Exclude<Role, 'token' | 'refresh'>, CallPhase> = {
  authorization: 'authorize',
  revocation: 'revoke',
  introspection: 'introspect',
  identity: 'identity',
  userinfo: 'identity',
  jwks: 'jwks',
  discovery: 'discovery',
  push: 'push',
};

/** Everything at one provider's base address. */
export class EntryRoutes {
  constructor(
    private readonly provider: Provider,
    private readonly dialect: EntryDialect,
    private readonly stage: Stage,
    private readonly routes: Routes,
  ) {}

  /** `path`: without the base, `HOST/PATH`. */
  async answer(path: string, request: Request): Promise<Answer | typeof CUT> {
    const notFound = json(404, { message: 'This provider has nothing here.' });
    if (path === '_api/me')
      return this.call(this.plainCall(request, 'api'), (call) => answerApi(this.provider, this.dialect, call));
    const found = this.routes.find(request.method, path, request.query);
    if (!found) return notFound;
    const { role, params } = found;
    const members = membersOf(request);
    const isToken = role === 'token' || role === 'refresh';
    const phase = isToken ? this.dialect.tokenPhase({ members, role }) : PHASES[role];
    const call: Call = { request, phase, role, members, params };
    if (params['client_id'] !== undefined && params['client_id'] !== this.provider.settings.clientId)
      return this.call(call, () => this.dialect.refusal(phase, 'bad_client'));
    if (isToken) return this.call(call);
    if (role === 'authorization' && request.method === 'POST') return this.decide(call);
    return this.call(call, () =>
      found.isWrong ? this.dialect.refusal(phase, 'bad_request') : this.handle(role, call),
    );
  }

  private plainCall = (request: Request, phase: CallPhase): Call => ({
    request,
    phase,
    role: phase,
    members: membersOf(request),
    params: {},
  });

  private call(call: Call, answer?: (call: Call) => Promise<Answer> | Answer): Promise<Answer | typeof CUT> {
    const { path, query } = call.request;
    const text = query.size > 0 ? `?${call.request.search}` : '';
    const url = this.stage.addresses.there(`${this.stage.addresses.origin}${path}${text}`);
    return answerCall(this.provider, call, answer ? { url, answer: () => answer(call) } : { url });
  }

  private handle(role: Exclude<Role, 'token' | 'refresh'>, call: Call): Promise<Answer> | Answer {
    const { provider, dialect, stage } = this;
    switch (role) {
      case 'authorization':
        return authorize(provider, this.visit(call));
      case 'revocation':
        return revoke(provider, dialect, call);
      case 'identity':
      case 'userinfo':
        return tellAccount(provider, dialect, call);
      case 'introspection':
        return this.introspect(call);
      case 'push':
        return this.push(call);
      case 'discovery':
        return metadata(provider, dialect, stage, call.params);
      case 'jwks':
        return stage.idTokens.jwks().then((keys) => json(200, keys));
    }
  }

  private visit({ request, params }: Call): Visit {
    const uri = request.query.get('request_uri');
    const pushed = uri === null ? undefined : this.provider.pushed.get(uri);
    if (uri !== null) this.provider.pushed.delete(uri);
    return { query: pushed ?? request.query, params, path: request.path, isPushed: pushed !== undefined };
  }

  private decide({ request, params }: Call): Answer {
    return decide(this.provider, new URLSearchParams(request.body), { params, path: request.path });
  }

  /** RFC 9126. */
  private async push(call: Call): Promise<Answer> {
    const { members } = call;
    if (members.encoding !== 'form' || members.values === null) return this.dialect.refusal('push', 'bad_request');
    if (!(await this.dialect.isClient(call, this.provider.settings))) return this.dialect.refusal('push', 'bad_client');
    const { client_secret: _, client_assertion: __, client_assertion_type: ___, ...asked } = members.values;
    const uri = `urn:ietf:params:oauth:request_uri:${newSecret('other')}`;
    const query = new URLSearchParams({ client_id: this.provider.settings.clientId, ...asked });
    this.provider.pushed.set(uri, query);
    return json(201, { request_uri: uri, expires_in: 60 });
  }

  /** RFC 7662. */
  private async introspect(call: Call): Promise<Answer> {
    const { provider, dialect } = this;
    const { values } = call.members;
    if (!values) return dialect.refusal('introspect', 'bad_request');
    if (!(await dialect.isClient(call, provider.settings))) return dialect.refusal('introspect', 'bad_client');
    const token = values['token'] ?? values['access_token'] ?? '';
    const grant = provider.grants.bearer(token);
    if (!grant) return json(200, { active: false });
    const leftMs = provider.grants.endOf(token)! - provider.now();
    return json(200, {
      active: true,
      sub: dialect.persona.sub(grant.person),
      client_id: provider.settings.clientId,
      scope: grant.scopes.join(' '),
      token_type: 'Bearer',
      ...(Number.isFinite(leftMs) ? { exp: Math.floor((provider.wallNow() + leftMs) / 1000) } : {}),
    });
  }
}
