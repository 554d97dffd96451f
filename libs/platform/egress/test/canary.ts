import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A listener of ours on loopback that knows whether anybody came. */
export interface Canary {
  port: number;
  origin: string;
  /** Connections accepted so far, whatever came over them. */
  visits: number;
  close(): Promise<void>;
}

function listening(server: Server, host: string): Promise<Canary> {
  const open = new Set<Socket>();
  return new Promise((done, failed) => {
    server.once('error', failed);
    server.listen(0, host, () => {
      const { port } = server.address() as AddressInfo;
      const canary: Canary = {
        port,
        origin: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
        visits: 0,
        close: () =>
          new Promise((closed) => {
            for (const socket of open) socket.destroy();
            server.close(() => closed());
          }),
      };
      server.on('connection', (socket: Socket) => {
        canary.visits++;
        open.add(socket);
        socket.on('error', () => undefined);
        socket.once('close', () => open.delete(socket));
      });
      done(canary);
    });
  });
}

export const httpCanary = (answer: RequestListener, host = '127.0.0.1'): Promise<Canary> =>
  listening(createHttpServer(answer), host);

export const tcpCanary = (serve: (socket: Socket) => void, host = '127.0.0.1'): Promise<Canary> =>
  listening(createTcpServer(serve), host);
