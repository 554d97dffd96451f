import { z } from 'zod';
import { clientAuthenticationSettings } from './settings.js';

describe('the settings of services', () => {
  it('refuse authorities for clients that are no certificates, and do not say them again', () => {
    const read = z.object(clientAuthenticationSettings).safeParse({ STRONGROOM_CLIENT_CERT_CA: '/etc/cnry_ca.pem' });
    expect(read.error?.issues).toMatchObject([
      { path: ['STRONGROOM_CLIENT_CERT_CA'], message: 'is not PEM of certificates' },
    ]);
    expect(JSON.stringify(read.error)).not.toContain('cnry_ca');
  });
});
