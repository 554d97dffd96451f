import { z } from 'zod';
import { unknownSettings } from './unknown-settings.js';

describe('unknownSettings', () => {
  it('names what looks like a setting and is none, and not what the tests read', () => {
    const schema = z.object({ STRONGROOM_PORT: z.string(), STRONGROOM_WORD: z.string() });
    const env = {
      ...{ STRONGROOM_PORT: '1', STRONGROOM_WORD_FILE: '/word', STRONGROOM_TEST_DOCKER: 'off', PATH: '/bin' },
      ...{ STRONGROOM_PROT: '2', STRONGROOM_DATADIR: '/var' },
    };
    expect(unknownSettings(schema, env)).toEqual(['STRONGROOM_DATADIR', 'STRONGROOM_PROT']);
  });
});
