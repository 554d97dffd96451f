import { Injectable } from '@nestjs/common';
import type { Subject } from '@strongroom/contracts';
import { addressesOf, PublicUrl } from '@strongroom/http';
import { ReplayStore } from '@strongroom/locking';
import { PreparedReads } from '@strongroom/persistence';
import { compactVerify, importSPKI } from 'jose';
import { MfaRequiredError, UserBlockedError } from '../authorization.errors.js';
import type { PrivilegedAccess } from '../clients/client.entity.js';
import { ClientAuthentication } from '../door/client-authentication.js';
import { CLIENT_COLUMNS, clientFacts, type ClientRow } from '../door/client-facts.js';
import type { PresentedBy } from './presented-by.js';
import { demandExchangingClient, MFA_ALWAYS } from './subject-client.js';
import { subjectOf } from './subject-of.js';
import { SubjectProofs } from './subject-proofs.js';
import { readWorkerRequest, stated, type WorkerRequest } from './worker-request.js';
import { WorkerAddressError, WorkerJwtError } from './worker.errors.js';

const OLDEST_SECONDS = 60;
/** Clocks differ. */
const AHEAD_SECONDS = 30;
/** Longer than a request can be good, counted from its first use. */
const REMEMBERED_SECONDS = 180;

interface Key {
  kid: string;
  pem: string;
}

interface Found extends Partial<ClientRow> {
  access: PrivilegedAccess | null;
  /** Those of `access` that have not ended. */
  keys: Key[] | null;
  person_id: string | null;
  user_id: string | null;
  blocked: boolean | null;
  mfa_always: boolean;
}

/** `$1` names the client and `$2` the person. */
const READ = `select c.token_vault_privileged_access as access, k.keys, u.person_id, u.user_id, u.blocked,
    ${MFA_ALWAYS}, ${CLIENT_COLUMNS}
  from (select 1) as one
  left join clients c on c.client_id = $1
  left join users u on u.user_id = $2
  left join lateral (
    select jsonb_agg(jsonb_build_object('kid', kid, 'pem', pem)) as keys from client_credentials
    where client_id = c.client_id and alg = 'RS256' and (expires_at is null or expires_at > clock_timestamp())
      and c.token_vault_privileged_access->'credentials' @> jsonb_build_array(jsonb_build_object('id', id))) k on true`;

/**
 * A request that a privileged worker signed, as the subject of an exchange: no person is there to show a token, so the
 * client's key and its address stand for it, and each request counts once (`spec/wire-contract.md` §1.6).
 */
@Injectable()
export class SubjectWorker {
  constructor(
    private readonly reads: PreparedReads,
    private readonly authentication: ClientAuthentication,
    private readonly publicUrl: PublicUrl,
    private readonly proofs: SubjectProofs,
    private readonly replays: ReplayStore,
  ) {}

  async validate(token: string, { client: presented, grantType, dpop }: PresentedBy): Promise<Subject> {
    const { issuer, subject } = stated(token);
    const row = (await this.reads.one<Found>('subject_worker', READ, [presented.clientId ?? issuer, subject]))!;
    const candidates = row.client_id === null ? [] : [clientFacts(row as ClientRow)];
    const client = await this.authentication.authenticate(presented, candidates);
    demandExchangingClient(client, grantType);
    const request = readWorkerRequest(token, { clientId: client.clientId });
    await demandSignature(token, keysFor(request, row.keys ?? [], client.clientId), client.clientId);
    const { auditContext } = request;
    const audit = { clientId: client.clientId, personId: row.person_id, userId: row.user_id, auditContext };
    this.demandAddressed(request, client.clientId, audit);
    demandOfNow(request, audit);
    const listed = row.access?.ip_allowlist ?? [];
    if (presented.address === null || !addressesOf(listed)(presented.address)) throw new WorkerAddressError(audit);
    await this.proofs.demand({ dpop, jkt: null, audit });
    if (
      !(await this.replays.isFirst(`worker\n${client.clientId}\n${request.jti}`, REMEMBERED_SECONDS, request.issuedAt))
    )
      throw new WorkerJwtError('was used before, or is older than this server (jti)', 'worker_jwt_replayed', audit);
    if (row.person_id === null || row.user_id === null)
      throw new WorkerJwtError('is for nobody who is known (sub)', 'subject_invalid', audit);
    if (row.blocked) throw new UserBlockedError(audit);
    if (row.mfa_always) throw new MfaRequiredError(audit);
    const worker = { auditContext, grants: row.access?.grants ?? [] };
    return { ...subjectOf(client, { person_id: row.person_id, user_id: row.user_id }), worker };
  }

  private demandAddressed(
    { issuer, audiences }: WorkerRequest,
    clientId: string,
    audit: Record<string, string | null>,
  ): void {
    if (issuer !== clientId)
      throw new WorkerJwtError('is of another client than the one that presents it (iss)', 'worker_jwt_invalid', audit);
    if (!audiences.includes(this.publicUrl.issuer))
      throw new WorkerJwtError('is not for this server: aud must be its issuer', 'worker_jwt_invalid', audit);
  }
}

/** With several keys the request must say which one; a single one needs no name. */
function keysFor({ kid }: WorkerRequest, keys: Key[], clientId: string): Key[] {
  if (keys.length < 2) return keys;
  if (kid === null)
    throw WorkerJwtError.malformed('kid is missing from its header, and the client has several keys', { clientId });
  return keys.filter((one) => one.kid === kid);
}

async function demandSignature(token: string, keys: Key[], clientId: string): Promise<void> {
  for (const { pem } of keys) {
    const key = await importSPKI(pem, 'RS256');
    if (await compactVerify(token, key, { algorithms: ['RS256'] }).catch(() => null)) return;
  }
  throw new WorkerJwtError(
    'is not signed with a key of this client (token_vault_privileged_access)',
    'worker_jwt_invalid',
    { clientId },
  );
}

/** Its age counts, whatever it says about its own end: in whole seconds, as the claims have them. */
function demandOfNow(request: WorkerRequest, audit: Record<string, string | null>): void {
  const now = Math.floor(Date.now() / 1000);
  const stale = (why: string) => new WorkerJwtError(why, 'worker_jwt_stale', audit);
  if (now - request.issuedAt > OLDEST_SECONDS) throw stale(`is older than ${OLDEST_SECONDS} seconds (iat)`);
  if (request.issuedAt - now > AHEAD_SECONDS) throw stale('is from the future (iat)');
  if (request.expiresAt !== null && request.expiresAt <= now) throw stale('has ended (exp)');
  if (request.notBefore !== null && request.notBefore - now > AHEAD_SECONDS) throw stale('is not good yet (nbf)');
}
