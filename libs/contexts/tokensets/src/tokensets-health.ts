import { Injectable } from '@nestjs/common';

/** Whether this process is fit for more work: not while it holds tokens that its store does not take. */
@Injectable()
export class TokensetsHealth {
  private held = 0;

  unstored(more: 1 | -1): void {
    this.held += more;
  }

  /** For `/readyz`. Liveness is another matter: a restart would lose what is held. */
  check(): Promise<void> {
    return this.held > 0 ? Promise.reject(new Error(`${this.held} credentials are not stored yet`)) : Promise.resolve();
  }
}
