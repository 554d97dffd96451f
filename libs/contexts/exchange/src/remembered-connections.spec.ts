import type { ConnectionView } from '@strongroom/contracts';
import { SaidConnections } from '../test/said-ports.js';
import { RememberedConnections } from './remembered-connections.js';

class AskedConnections extends SaidConnections {
  asked = 0;

  override async byName(name: string): Promise<ConnectionView | null> {
    this.asked += 1;
    if (name === 'away') throw new Error('away');
    return super.byName(name);
  }
}

describe('connections as an exchange goes by them', () => {
  const times = async (rememberedMs: number, name: string, between?: (all: RememberedConnections) => void) => {
    const directory = new AskedConnections();
    const connections = new RememberedConnections(directory, rememberedMs);
    for (let time = 0; time < 3; time += 1) {
      await connections.byName(name, 'app').catch(() => undefined);
      between?.(connections);
    }
    return directory.asked;
  };

  it('X9 are asked for once within the time that they are remembered, and each time where that is 0', async () => {
    expect(await times(60_000, 'acme')).toBe(1);
    expect(await times(0, 'acme')).toBe(3);
  });

  it('are asked for again after a change, and after a failure', async () => {
    expect(await times(60_000, 'acme', (connections) => connections.forget())).toBe(3);
    expect(await times(60_000, 'away')).toBe(3);
  });
});
