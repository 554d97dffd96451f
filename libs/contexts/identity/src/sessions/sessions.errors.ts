import { VaultError } from '@strongroom/errors';

export class InexistentSessionError extends VaultError {
  constructor() {
    super('The session does not exist, or has ended.', { code: 'inexistent_session', status: 404 });
  }
}

export class InexistentRefreshTokenError extends VaultError {
  constructor() {
    super('The refresh token does not exist, or has ended.', { code: 'inexistent_refresh_token', status: 404 });
  }
}
