/** `STRONGROOM_PUBLIC_URL`: where people and clients reach us. Never taken from `Host`. */
export class PublicUrl {
  /** Scheme, host and port, no slash at the end. */
  readonly origin: string;

  constructor(url: string) {
    const parsed = new URL(url);
    if (
      parsed.pathname !== '/' ||
      parsed.search ||
      parsed.hash ||
      parsed.username ||
      !/^https?:$/.test(parsed.protocol)
    )
      throw new Error('STRONGROOM_PUBLIC_URL is an http(s) origin without a path');
    this.origin = parsed.origin;
  }

  /** `https://vault.example.com/`, with the slash. */
  get issuer(): string {
    return `${this.origin}/`;
  }

  get isHttps(): boolean {
    return this.origin.startsWith('https:');
  }

  get myAccountAudience(): string {
    return `${this.origin}/me/`;
  }

  get managementAudience(): string {
    return `${this.origin}/api/v2/`;
  }

  /** Absolute URL of a path that begins with a slash. */
  of(path: string): string {
    return this.origin + path;
  }
}
