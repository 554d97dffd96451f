import { LABEL_RULE } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';

/** How to connect (again): a hint, not a permission (`spec/wire-contract.md` §5.3). */
export interface ConnectHint {
  endpoint: string;
  body: { connection: string; connected_account_id?: string; scopes?: string[] };
  /** Where the person can begin without the app; absent where that page is not installed. */
  page?: string;
}

export interface AccountHint {
  id: string;
  login_hint: string;
}

/** The person has connected no account on the connection. One answer, whoever else has. */
export class TokensetNotFoundError extends VaultError {
  constructor(connect: ConnectHint) {
    super('Federated connection Refresh Token not found.', {
      code: 'federated_connection_refresh_token_not_found',
      status: 401,
      details: { reason: 'tokenset_not_found', connect },
    });
  }
}

export class AccountNotFoundError extends VaultError {
  constructor() {
    super('Identity User not found.', {
      code: 'user_not_found',
      status: 401,
      details: { reason: 'account_not_found', error_description_alias: true },
    });
  }
}

export class AccountAmbiguousError extends VaultError {
  constructor(accounts: readonly (AccountHint & { label: string | null })[]) {
    super('Several accounts are connected: name one of them with login_hint.', {
      code: 'invalid_request',
      status: 400,
      details: { reason: 'account_ambiguous', accounts },
    });
  }
}

/** The person lets this client have no token of the account, for now. */
export class PausedByPersonError extends VaultError {
  constructor(where: { connection: string; account: AccountHint }) {
    super('The person has paused this application for the account. Only the person can let it in again.', {
      code: 'access_denied',
      status: 403,
      details: { reason: 'paused_by_person', ...where },
    });
  }
}

export class LabelTakenError extends VaultError {
  constructor() {
    super('Another account on this connection is called so, or found by it. Choose another label.', {
      code: 'label_taken',
      status: 409,
    });
  }
}

export class InvalidLabelError extends VaultError {
  constructor() {
    super(`A label has ${LABEL_RULE}.`, { code: 'invalid_label', status: 400 });
  }
}

export class TooManyPausesError extends VaultError {
  constructor() {
    super('A hundred applications are paused for this account already. Let one in again first.', {
      code: 'too_many_pauses',
      status: 409,
    });
  }
}

export class ScopeMissingError extends VaultError {
  constructor(missing: readonly string[], where: { account: AccountHint; connect: ConnectHint }) {
    super(`Not granted by the person: ${missing.join(' ')}. Connect again and ask for these scopes.`, {
      code: 'invalid_scope',
      status: 400,
      details: { reason: 'scope_missing', missing_scopes: missing, ...where },
    });
  }
}

export class ScopeNotNarrowableError extends VaultError {
  constructor(granted: readonly string[]) {
    super(`The provider cannot narrow its tokens: leave scope out, or ask for all of: ${granted.join(' ')}`, {
      code: 'invalid_scope',
      status: 400,
      details: { reason: 'scope_not_narrowable', missing_scopes: [] },
    });
  }
}

export type ReconnectReason =
  | 'revoked_or_expired'
  | 'lost_rotation'
  | 'no_refresh_token'
  | 'interaction'
  | 'admin'
  | 'endpoint_changed'
  | 'unreadable'
  | 'rejected';

export const REMEDIES: Record<ReconnectReason, string> = {
  revoked_or_expired: 'the provider no longer accepts the grant. Ask the person to connect again.',
  lost_rotation: 'an answer of the provider never arrived and its tokens are lost. Ask the person to connect again.',
  no_refresh_token:
    'the provider gave no refresh token and its access token has ended. Connect again with offline access; ' +
    'some providers need their refresh tokens switched on first.',
  interaction: 'the provider wants the person to act. Ask them to connect again.',
  admin: "the person's administrator at the provider has to allow it. Ask the administrator.",
  endpoint_changed: "the connection's token endpoint has moved to another host. Ask the person to connect again.",
  unreadable: 'the stored tokens cannot be read. Ask the person to connect again.',
  rejected: 'the provider keeps refusing the refresh. Ask the person to connect again.',
};

/** Only a person can repair it. */
export class ReconnectRequiredError extends VaultError {
  constructor(where: { cause: ReconnectReason; connection: string; account: AccountHint; connect: ConnectHint }) {
    const { cause, connection, account, connect } = where;
    super(`Refresh Token flow for the Federated Connection failed: ${REMEDIES[cause]}`, {
      code: 'federated_connection_refresh_token_flow_failed',
      status: 401,
      details: {
        reason: 'reconnect_required',
        cause,
        connection,
        account,
        ...(cause === 'admin' ? {} : { connect }),
      },
    });
  }
}

/** This very exchange found that the record does not open. */
export class CredentialUnreadableError extends VaultError {
  constructor(where: { connection: string; account: AccountHint; connect: ConnectHint }) {
    super(
      `Refresh Token flow for the Federated Connection failed: ${REMEDIES.unreadable} A security alarm was raised.`,
      {
        code: 'federated_connection_refresh_token_flow_failed',
        status: 401,
        details: { reason: 'credential_unreadable', cause: 'unreadable', ...where },
      },
    );
  }
}

const unavailable = (reason: string, seconds: number, cause?: unknown) => ({
  code: 'temporarily_unavailable',
  status: 503,
  details: { reason, retry_after: seconds },
  retryAfter: seconds,
  cause,
});

export class RefreshInProgressError extends VaultError {
  constructor(seconds = 2, message = 'The token is being refreshed. Try again; the refresh goes on.') {
    super(message, unavailable('refresh_in_progress', seconds));
  }
}

/** Nothing is under way: another node may have the answer to what was sent, and is waited for. */
export class AnswerAwaitedError extends RefreshInProgressError {
  constructor() {
    super(30, 'What the provider answered may be with a process that is away. Try again; the account is kept.');
  }
}

export class ProviderDownError extends VaultError {
  constructor(seconds: number) {
    const wait = Math.min(60, Math.max(1, Math.ceil(seconds)));
    super('The provider is unavailable. Try again; the account is kept.', unavailable('provider_unavailable', wait));
  }
}

export class StoreUnavailableError extends VaultError {
  constructor(cause: unknown) {
    super(
      'The vault cannot reach its store. Try again; the account is kept.',
      unavailable('store_unavailable', 5, cause),
    );
  }
}

/** No key is at hand, or what opens with those at hand is not what should: waiting helps, connecting again does not. */
export class VaultSealedError extends VaultError {
  constructor(cause?: unknown) {
    super(
      'The stored tokens cannot be opened for the moment. Try again; the account is kept: vault sealed',
      unavailable('vault_sealed', 30, cause),
    );
  }
}

/** Something is wrong with the connection and not with the person's grant. */
export class MisconfiguredError extends VaultError {
  constructor(cause?: unknown) {
    super('The connection is misconfigured. The operator has been told; connecting again does not help.', {
      code: 'server_error',
      status: 502,
      details: { reason: 'connection_misconfigured' },
      retryAfter: 60,
      cause,
    });
  }
}

/** The provider did not take the code, or its ID token is not for this flow. Begin a new connect. */
export class RedeemRefusedError extends VaultError {
  constructor(cause?: unknown, message = 'The provider refused to complete the connection. Begin again.') {
    super(message, {
      code: 'redeem_refused',
      status: 400,
      cause,
    });
  }
}

export class MissingUserIdError extends VaultError {
  constructor() {
    super(
      'The provider named no account id. Have the connection read one, or set connected_accounts.allow_missing_user_id.',
      { code: 'missing_user_id', status: 400 },
    );
  }
}

/** Another person has this account, or the reconnect ended with another account. Says not which. */
export class AccountConflictError extends VaultError {
  constructor() {
    super('This provider account cannot be connected here. Begin again with another account.', {
      code: 'account_conflict',
      status: 409,
    });
  }
}

/** Nothing is kept: the code is spent. */
export class RedeemUnavailableError extends VaultError {
  constructor(cause?: unknown) {
    super('The provider did not complete the connection. Begin again.', {
      code: 'provider_unavailable',
      status: 502,
      retryAfter: 5,
      cause,
    });
  }
}

/** Nothing is kept, and whoever begins again ends here again. */
export class RedeemMisconfiguredError extends VaultError {
  constructor() {
    super(
      'The provider does not accept the client id or secret of this connection; beginning again will not help. ' +
        'For whoever runs the vault: POST /api/v2/connections/{id}/verify says what to mend.',
      { code: 'connection_misconfigured', status: 502 },
    );
  }
}

/** The provider does not want this authorization request, whoever makes it. */
export class PushRefusedError extends VaultError {
  constructor() {
    super('The provider refused the authorization request. Ask for other scopes or leave out parameters.', {
      code: 'push_refused',
      status: 400,
    });
  }
}

/** The provider is not to be called now. The code is not spent: the same call may succeed while the session lasts. */
export class RedeemWaitsError extends VaultError {
  constructor(seconds: number) {
    super('The provider takes no more calls for the moment. Repeat the same request.', {
      code: 'identity_pending',
      status: 503,
      retryAfter: Math.min(60, seconds),
    });
  }
}

/** Another call is at it, or the process is away that may hold the answer: nobody sends the code again. */
export class RedeemGoesOnError extends VaultError {
  constructor() {
    super('The connection is still being completed. Repeat the same request.', unavailable('redeem_in_progress', 5));
  }
}

/** The tokens are here, sealed; whose account they belong to is not known yet. */
export class IdentityPendingError extends VaultError {
  constructor(cause?: unknown) {
    super('The provider does not say yet whose account this is. Repeat the same request.', {
      code: 'identity_pending',
      status: 503,
      retryAfter: 2,
      cause,
    });
  }
}

export class InexistentUserError extends VaultError {
  constructor() {
    super('The user does not exist.', { code: 'inexistent_user', status: 404 });
  }
}

export class InexistentConnectionError extends VaultError {
  constructor() {
    super('The connection does not exist.', { code: 'inexistent_connection', status: 404 });
  }
}

export class InexistentTokensetError extends VaultError {
  constructor() {
    super('The user has no such tokenset.', { code: 'inexistent_tokenset', status: 404 });
  }
}
