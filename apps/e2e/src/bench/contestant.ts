import { DistributedServer, Installation, Scene, type Server, StandaloneServer, vaultForm } from '../driver/index.js';
import { seedTokensets } from './seed.js';
import { type SignedIn, signInSome } from './sign-in.js';

/** Who are exchanged for in every measurement, however many there are beside them. */
const PEOPLE = 1_000;

/** An installation under load, and the people whose tokens it exchanges. */
export class Contestant {
  people: SignedIn[] = [];
  forms: string[] = [];

  private constructor(
    readonly mode: string,
    readonly server: Server,
    private readonly installation: Installation,
    readonly scene: Scene,
  ) {}

  static async start(mode: string, simulatorUrl: string, profileTo: string): Promise<Contestant> {
    const profiled = profileTo && { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profileTo}` };
    const server =
      mode === 'distributed'
        ? await DistributedServer.start(simulatorUrl)
        : await StandaloneServer.start(simulatorUrl, { STRONGROOM_TLS: '', ...profiled });
    const installation = new Installation(server.address);
    try {
      const scene = await Scene.create(installation);
      await scene.connect();
      return new Contestant(mode, server, installation, scene);
    } catch (error) {
      await installation.close();
      await server.remove();
      throw error;
    }
  }

  /** At the port of the process that answers it, without TLS, in every mode. */
  get url(): string {
    const { server } = this;
    const base =
      server instanceof DistributedServer ? `http://127.0.0.1:${server.of('exchange')[0]!.place.port}` : server.url;
    return `${base}/oauth/token`;
  }

  /** What its processes are called, by id. */
  get names(): ReadonlyMap<number, string> {
    const { server } = this;
    if (!(server instanceof DistributedServer)) return new Map();
    return new Map(server.processes.map(({ pid, name }) => [pid!, name]));
  }

  get mebibytes(): number {
    return Object.values(this.server.residentMebibytes()).reduce((sum, one) => sum + one, 0);
  }

  async grow(tokensets: number): Promise<void> {
    const { client, connection } = this.scene;
    await seedTokensets(this.server, this.scene, tokensets);
    this.people = await signInSome(this.server, this.scene, PEOPLE);
    this.forms = this.people.map(({ token }) =>
      new URLSearchParams({
        ...vaultForm(connection.name, token),
        client_id: client.id,
        client_secret: client.secret,
      }).toString(),
    );
  }

  async remove(): Promise<void> {
    await this.installation.close();
    await this.server.remove();
  }
}
