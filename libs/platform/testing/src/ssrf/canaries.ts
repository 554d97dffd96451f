import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';

const LOOPBACK = ['127.0.0.1', '127.255.255.254', '::1'];
const PRIVATE = /^(10|192\.168|172\.(1[6-9]|2\d|3[01])|192\.0\.2)\./;

/** Listeners of the inside that count who comes: at one port of each loopback and of a private address, if any. */
export class Canaries {
  /** Connections so far, by the address they came to. */
  readonly visits: string[] = [];
  private readonly open = new Set<Socket>();

  private constructor(
    readonly port: number,
    /** Those that this machine has. */
    readonly addresses: readonly string[],
    private readonly servers: readonly Server[],
  ) {
    for (const server of servers) server.on('connection', (socket) => this.welcome(socket));
  }

  static async listen(): Promise<Canaries> {
    const own = Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address));
    const inner = own.find((address) => PRIVATE.test(address));
    const servers = new Map<string, Server>();
    let port = 0;
    for (const address of [...LOOPBACK, ...(inner ? [inner] : [])]) {
      const server = await listening(address, port);
      if (server) servers.set(address, server);
      port ||= (server?.address() as AddressInfo).port;
    }
    return new Canaries(port, [...servers.keys()], [...servers.values()]);
  }

  private welcome(socket: Socket): void {
    this.visits.push(socket.localAddress ?? '');
    this.open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.open.delete(socket));
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}'));
  }

  async close(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    await Promise.all(this.servers.map((server) => new Promise((closed) => server.close(closed))));
  }
}

/** Null: this machine has no such address, or another process has the port there. */
function listening(host: string, port: number): Promise<Server | null> {
  const server = createServer();
  return new Promise((done) => {
    server.once('error', () => done(null));
    server.listen(port, host, () => done(server));
  });
}
