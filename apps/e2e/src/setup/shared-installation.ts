import { addressToEnvironment, startServer, startSimulator } from '../driver/index.js';

/** The installation of all flow specs: what the environment names, else one of our own, ended by `stop`. */
export async function startSharedInstallation(): Promise<{ stop(): Promise<void> }> {
  if (process.env['STRONGROOM_TEST_URL']) return { stop: () => Promise.resolve() };
  const simulator = await startSimulator();
  try {
    const server = await startServer(simulator.url);
    const environment = addressToEnvironment(server.address);
    Object.assign(process.env, environment);
    return {
      stop: async () => {
        for (const name of Object.keys(environment)) delete process.env[name];
        await server.remove();
        await simulator.stop();
      },
    };
  } catch (error) {
    await simulator.stop();
    throw error;
  }
}
