export interface VaultErrorOptions extends ErrorOptions {
  /** Stable, machine-readable, and an OAuth error code wherever OAuth defines one. */
  readonly code: string;
  readonly status: number;
  /** Shown to callers beside the message, never a secret: `reason`, `field`, `missing_scopes` … */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Seconds; becomes `Retry-After`. */
  readonly retryAfter?: number;
  /** For the audit only, never shown: which client and person this was about, as far as known. */
  readonly audit?: Readonly<Record<string, string | null>>;
}

/** The message is shown to callers and says what to do; put private detail in `cause`, which is only logged. */
export class VaultError extends Error {
  readonly code: string;
  readonly status: number;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly retryAfter: number | undefined;
  readonly audit: Readonly<Record<string, string | null>> | undefined;

  constructor(message: string, { code, status, details, retryAfter, audit, ...options }: VaultErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.status = status;
    this.details = details;
    this.retryAfter = retryAfter;
    this.audit = audit;
  }
}
