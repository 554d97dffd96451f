import { Injectable } from '@nestjs/common';
import { type Subject, type SubjectRequest, SubjectTokens } from '@strongroom/contracts';
import { presentedClient } from '../door/client-authentication.js';
import { SubjectAccessToken } from './subject-access-token.js';
import { SubjectRefreshToken } from './subject-refresh-token.js';
import { SubjectWorker } from './subject-worker.js';

/** Who calls the exchange, and for whom. */
@Injectable()
export class SubjectTokensService extends SubjectTokens {
  constructor(
    private readonly refreshToken: SubjectRefreshToken,
    private readonly accessToken: SubjectAccessToken,
    private readonly worker: SubjectWorker,
  ) {
    super();
  }

  override async validate(request: SubjectRequest): Promise<Subject> {
    const { subjectToken, subjectTokenType, grantType, dpop, path } = request;
    const client = presentedClient(request);
    const presented = { client, grantType, dpop, path };
    if (subjectTokenType === 'refresh_token') return this.refreshToken.validate(subjectToken, presented);
    if (subjectTokenType === 'access_token') return this.accessToken.validate(subjectToken, presented);
    return this.worker.validate(subjectToken, presented);
  }
}
