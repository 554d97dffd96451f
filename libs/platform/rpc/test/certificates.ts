import { TestAuthority } from '@strongroom/testing/certificates';
import type { RpcTls } from '../src/rpc-server.js';

/** An authority of its own, and one certificate by it that is good for both ends at 127.0.0.1. */
export async function makeTls(): Promise<RpcTls> {
  const authority = await TestAuthority.make();
  return { ca: authority.pem, ...(await authority.issue('CN=Test service', { names: ['127.0.0.1'] })) };
}
