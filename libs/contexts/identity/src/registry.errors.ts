import { VaultError } from '@strongroom/errors';

const KINDS = {
  user: 'user',
  client: 'client',
  credential: 'credential',
  client_grant: 'client grant',
  resource_server: 'resource server',
  signing_key: 'signing key',
} as const;

/** No row of that kind has the id of the path, or the one that was named. */
export class InexistentError extends VaultError {
  constructor(kind: keyof typeof KINDS) {
    super(`The ${KINDS[kind]} does not exist.`, { code: `inexistent_${kind}`, status: 404 });
  }
}

export class UserExistsError extends VaultError {
  constructor() {
    super('The user already exists: user id, e-mail and user name are unique per connection.', {
      code: 'user_exists',
      status: 409,
    });
  }
}

export class LastAdministratorError extends VaultError {
  constructor() {
    super('This is the last administrator. Make somebody else administrator first.', {
      code: 'last_administrator',
      status: 409,
    });
  }
}

export class CredentialConflictError extends VaultError {
  constructor() {
    super('The client already has this credential, or another one with the same kid.', {
      code: 'credential_conflict',
      status: 409,
    });
  }
}

export class ClientGrantConflictError extends VaultError {
  constructor() {
    super('The client already has a grant of this subject_type for this audience. Change that one instead.', {
      code: 'client_grant_conflict',
      status: 409,
    });
  }
}

export class ResourceServerConflictError extends VaultError {
  constructor() {
    super('A resource server with this identifier already exists.', { code: 'resource_server_conflict', status: 409 });
  }
}

/** Something of ours that people may look at and not take away. */
export class BuiltInError extends VaultError {
  constructor(what: string) {
    super(`${what} belongs to Strongroom itself and cannot be changed so.`, {
      code: 'operation_not_supported',
      status: 400,
    });
  }
}

export class LongReadsBusyError extends VaultError {
  constructor() {
    super('Other searches are under way. Try again in a few seconds.', {
      code: 'temporarily_unavailable',
      status: 503,
      retryAfter: 2,
    });
  }
}
