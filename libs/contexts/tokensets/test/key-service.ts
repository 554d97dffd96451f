import {
  ConfiguredMasterKeys,
  KeyServiceDenied,
  KeyServiceUnavailable,
  MasterKeys,
  type WrappedKeyContext,
} from '@strongroom/crypto';

/** A key service in another place, which may be away or say no. */
export class KeyService extends MasterKeys {
  readonly id = 'test-service';
  readonly isRemote = true;
  state: 'there' | 'away' | 'denies' = 'there';
  private readonly keys = ConfiguredMasterKeys.parse(ConfiguredMasterKeys.generate('remote'));

  get keyNames(): readonly string[] {
    return this.keys.keyNames;
  }

  wrappedBy(wrapped: Buffer): string | undefined {
    return this.keys.wrappedBy(wrapped);
  }

  async wrap(key: Buffer, context: WrappedKeyContext): Promise<Buffer> {
    await this.health();
    return this.keys.wrap(key, context);
  }

  async unwrap(wrapped: Buffer, context: WrappedKeyContext): Promise<Buffer> {
    await this.health();
    return this.keys.unwrap(wrapped, context);
  }

  health(): Promise<void> {
    if (this.state === 'away') return Promise.reject(new KeyServiceUnavailable());
    if (this.state === 'denies') return Promise.reject(new KeyServiceDenied());
    return Promise.resolve();
  }
}
