/** What a wrapped key is bound to, so that it opens nowhere else. */
export interface WrappedKeyContext {
  purpose: 'installation-key';
  installationId: string;
  /** The context that owns the key ring. */
  context: string;
  /** UUID of the wrapped key. */
  keyId: string;
  version: number;
}

/**
 * Where the keys above the database are. It wraps keys and nothing else: there is no call that encrypts data, so no
 * token ever travels to a key service.
 *
 * `unwrap` throws `WrappedKeyCorrupt` for what was not wrapped by these keys for this context,
 * `KeyServiceUnavailable` if asking again may help, `KeyServiceDenied` if only the operator can help. A call that gets
 * no answer ends by itself, as unavailable, within seconds.
 */
export abstract class MasterKeys {
  /** The provider, as in `STRONGROOM_MASTER_KEY_PROVIDER`. */
  abstract readonly id: string;
  /**
   * The keys are somewhere else. What they unwrap then stays in memory for minutes instead of the life of the process,
   * so that whoever is refused there is soon refused here.
   */
  abstract readonly isRemote: boolean;
  /** Names of the master keys that unwrap here; the first wraps. Processes compare them while keys are changed. */
  abstract readonly keyNames: readonly string[];
  /** Which of those wrapped it; undefined for one that is not known here. */
  abstract wrappedBy(wrapped: Buffer): string | undefined;
  abstract wrap(key: Buffer, context: WrappedKeyContext): Promise<Buffer>;
  abstract unwrap(wrapped: Buffer, context: WrappedKeyContext): Promise<Buffer>;
  /** The same key under the newest master key, without its bytes coming here. */
  rewrap?(wrapped: Buffer, context: WrappedKeyContext): Promise<Buffer>;
  /** @throws what `unwrap` would throw now. */
  abstract health(): Promise<void>;
}
