import { ConfiguredMasterKeys, KeyServiceUnavailable, MasterKeys, type WrappedKeyContext } from '@strongroom/crypto';

/** A key service that a test takes away and brings back. What it wraps does not open anywhere else. */
export class StoppingKeyService extends MasterKeys {
  override readonly id = 'stopping';
  override readonly isRemote: boolean = true;
  isAway = false;
  private readonly keys = ConfiguredMasterKeys.parse(ConfiguredMasterKeys.generate('remote'));
  override readonly keyNames = this.keys.keyNames;

  override wrappedBy(wrapped: Buffer): string | undefined {
    return this.keys.wrappedBy(wrapped);
  }

  override async wrap(key: Buffer, context: WrappedKeyContext): Promise<Buffer> {
    await this.health();
    return this.keys.wrap(key, context);
  }

  override async unwrap(wrapped: Buffer, context: WrappedKeyContext): Promise<Buffer> {
    await this.health();
    return this.keys.unwrap(wrapped, context);
  }

  override health(): Promise<void> {
    return this.isAway
      ? Promise.reject(new KeyServiceUnavailable('the key service does not answer'))
      : Promise.resolve();
  }
}
