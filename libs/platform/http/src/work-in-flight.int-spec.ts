import { once } from 'node:events';
import { closeGate, gate, LimitedServer, refused, SHAPES, until } from '../test/limited-server.js';

describe('threats §9 work in flight', () => {
  let server: LimitedServer;
  beforeAll(async () => void (server = await LimitedServer.start({ maxInFlight: 3 })));
  afterAll(() => server.stop());

  const ask = (line: string) => server.request(line);

  it('is refused above the limit in the shape of each API, while health goes on, and taken again after', async () => {
    closeGate();
    const paths = ['/api/v2/slow', '/oauth/slow', '/u/slow'];
    const held = paths.map((path) => ask(`GET ${path}`));
    await until(() => gate.waiting === 3);
    for (const shape of Object.keys(SHAPES)) {
      const answer = await ask(`GET ${shape}/slow`);
      refused(answer, 503, shape);
      expect(answer.head).toMatch(/retry-after: 1\r/);
    }
    for (const path of ['/livez', '/readyz']) expect((await ask(`GET ${path}`)).status).toBe(200);
    gate.open();
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await ask('GET /me/v1/slow')).status).toBe(200);
  });

  it('goes on, and counts, when its client has left', async () => {
    closeGate();
    for (let i = 0; i < 3; i++) {
      const socket = server.connect();
      socket.write('GET /oauth/slow HTTP/1.1\r\nhost: x\r\n\r\n');
      await until(() => gate.waiting === i + 1);
      socket.destroy();
      await once(socket, 'close');
    }
    expect((await ask('GET /oauth/slow')).status).toBe(503);
    gate.open();
    await until(async () => (await ask('GET /oauth/slow')).status === 200);
    closeGate();
    const held = [1, 2, 3].map(() => ask('GET /oauth/slow'));
    await until(() => gate.waiting === 3);
    gate.open();
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it.each(['slow', 'by-itself'])(
    'is given back by what nobody waits for any more, one after the other: %s',
    async (name) => {
      closeGate();
      const get = `GET /oauth/${name} HTTP/1.1\r\nhost: x\r\n\r\n`;
      const socket = server.connect();
      socket.write(get.repeat(3));
      await until(() => gate.waiting === 3);
      socket.destroy();
      await once(socket, 'close');
      expect((await ask('GET /oauth/things')).status).toBe(503);
      gate.open();
      await until(() => gate.waiting === 0);
      await until(async () => (await ask('GET /oauth/things')).status === 200);
      closeGate();
      const held = [1, 2, 3].map(() => ask(`GET /oauth/${name}`));
      await until(() => gate.waiting === 3);
      gate.open();
      expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200, 200]);
    },
  );

  it('is not kept by whoever does not read what was answered', async () => {
    const socket = server.connect();
    socket.pause();
    closeGate();
    socket.write(
      'GET /oauth/slow HTTP/1.1\r\nhost: x\r\n\r\n' + 'GET /oauth/things HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(5),
    );
    await until(() => gate.waiting === 1);
    expect((await ask('GET /oauth/things')).status).toBe(200);
    gate.open();
    await until(() => gate.waiting === 0);
    socket.destroy();
  });

  it('is given back by clients that leave in the middle of a body, and by what is refused', async () => {
    for (let i = 0; i < 12; i++) {
      const socket = server.connect();
      socket.write('POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\nab');
      socket.end();
      socket.resume();
      await once(socket, 'close');
      expect((await ask('GET /oauth/nowhere')).status).not.toBe(503);
      expect((await ask(`GET /oauth/things?${'__proto__=1'}`)).status).toBe(400);
    }
  });
});
