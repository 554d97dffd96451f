import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfiguredMasterKeys } from '../src/configured-master-keys.js';
import { KeyServiceDenied, KeyServiceUnavailable, WrappedKeyCorrupt } from '../src/crypto.errors.js';
import { MasterKeys, type WrappedKeyContext } from '../src/master-keys.js';

type Call = 'wrap' | 'unwrap' | 'rewrap' | 'health';
type Mood =
  | 'well'
  | 'denying'
  | 'failing'
  | 'silent'
  /** Says nothing that makes sense. */
  | 'babbling'
  /** Ends in the middle of its answer. */
  | 'breaking'
  /** Gives a key that is none. */
  | 'shortening';

/** A key service as somebody else runs it: HTTP on loopback, its keys never leave it, and it has moods. */
export class RemoteKeyService {
  mood: Mood = 'well';
  readonly calls: Call[] = [];
  private server: Server | undefined;
  private port = 0;
  private entries = [ConfiguredMasterKeys.generate('v1')];

  async start(): Promise<void> {
    this.server = createServer((asked, answer) => void this.answer(asked, answer));
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Newest first. */
  get versions(): string[] {
    return this.entries.map((entry) => entry.split(':')[0]!);
  }

  /** A new key wraps from now on; the old ones still unwrap. */
  rotate(): void {
    this.entries.unshift(ConfiguredMasterKeys.generate(`v${this.entries.length + 1}`));
  }

  forgetOld(): void {
    this.entries.splice(1);
  }

  private async answer(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const call = asked.url!.slice(1) as Call;
    this.calls.push(call);
    const { mood } = this;
    if (mood === 'silent') return;
    if (mood === 'denying') return void answer.writeHead(403).end();
    if (mood === 'failing') return void answer.writeHead(500).end();
    if (mood === 'babbling') return void answer.end('<html>proxy</html>');
    if (mood === 'breaking') {
      answer.writeHead(200, { 'content-length': 500 }).write('{"bytes":"');
      return void answer.destroy();
    }
    try {
      const bytes = await this.do(call, asked);
      answer.end(JSON.stringify({ bytes: (mood === 'shortening' ? bytes.subarray(1) : bytes).toString('base64') }));
    } catch (error) {
      answer.writeHead(error instanceof WrappedKeyCorrupt ? 422 : 400).end();
    }
  }

  private async do(call: Call, asked: IncomingMessage): Promise<Buffer> {
    if (call === 'health') return Buffer.alloc(0);
    const chunks: Buffer[] = [];
    for await (const chunk of asked) chunks.push(chunk as Buffer);
    const { bytes, context } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as {
      bytes: string;
      context: WrappedKeyContext;
    };
    const given = Buffer.from(bytes, 'base64');
    const keys = ConfiguredMasterKeys.parse(this.entries.join(','));
    return keys[call](given, context);
  }
}

/** An adapter as one for a real service would be. A wrapped key begins with the version that wrapped it. */
export class RemoteMasterKeys extends MasterKeys {
  readonly id = 'remote';
  readonly isRemote: boolean = true;
  readonly keyNames: readonly string[];

  constructor(
    private readonly service: RemoteKeyService,
    private readonly timeoutMs = 3_000,
  ) {
    super();
    this.keyNames = service.versions;
  }

  wrappedBy(wrapped: Buffer): string | undefined {
    const name = wrapped.subarray(1, 1 + (wrapped[0] ?? 0)).toString('utf8');
    return this.keyNames.find((known) => known === name);
  }

  async wrap(key: Buffer, context: WrappedKeyContext): Promise<Buffer> {
    return this.named(await this.call('wrap', key, context));
  }

  async unwrap(wrapped: Buffer, context: WrappedKeyContext): Promise<Buffer> {
    const key = await this.call('unwrap', unnamed(wrapped), context);
    // Whatever that was, it was not the service.
    if (key.length !== 32) throw new KeyServiceUnavailable(new Error('an answer that is no key'));
    return key;
  }

  override async rewrap(wrapped: Buffer, context: WrappedKeyContext): Promise<Buffer> {
    return this.named(await this.call('rewrap', unnamed(wrapped), context));
  }

  async health(): Promise<void> {
    await this.call('health', Buffer.alloc(0));
  }

  private named(record: Buffer): Buffer {
    const name = Buffer.from(this.service.versions[0]!);
    return Buffer.concat([Buffer.from([name.length]), name, record]);
  }

  private async call(call: Call, bytes: Buffer, context?: WrappedKeyContext): Promise<Buffer> {
    const { status, body } = await this.send(call, JSON.stringify({ bytes: bytes.toString('base64'), context }));
    if (status === 403) throw new KeyServiceDenied(new Error(`status ${status}`));
    if (status === 422) throw new WrappedKeyCorrupt();
    if (status !== 200) throw new KeyServiceUnavailable(new Error(`status ${status}`));
    try {
      return Buffer.from((JSON.parse(body) as { bytes: string }).bytes, 'base64');
    } catch (error) {
      throw new KeyServiceUnavailable(error);
    }
  }

  private async send(call: Call, content: string): Promise<{ status: number; body: string }> {
    try {
      const asked = request(`${this.service.url}/${call}`, {
        method: 'POST',
        agent: false,
        signal: AbortSignal.timeout(this.timeoutMs),
      });
      asked.end(content);
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      let body = '';
      for await (const chunk of answer) body += String(chunk);
      return { status: answer.statusCode!, body };
    } catch (error) {
      throw new KeyServiceUnavailable(error);
    }
  }
}

const unnamed = (wrapped: Buffer): Buffer => wrapped.subarray(1 + (wrapped[0] ?? 0));
