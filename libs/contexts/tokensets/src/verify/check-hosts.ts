import { type Egress, EgressFailedError, EgressRefusedError, type ServerCertificate } from '@strongroom/egress';
import { bad, type Check, good, shown } from './check.js';

type Fault = Check | undefined;

const DAY_MS = 86_400_000;
const SOON_DAYS = 14;

/** May we call these, do they answer, and is it them: one line each. */
export async function checkHosts(
  egress: Pick<Egress, 'check' | 'certificate'>,
  urls: readonly string[],
): Promise<Check[]> {
  const forbidden = urls.map((url) => refusalOf(() => egress.check(url))).find((fault) => fault);
  if (forbidden) return [forbidden];
  const origins = [...new Map(urls.map((url) => [new URL(url).origin, url])).values()];
  const secure = origins.filter((url) => url.startsWith('https:'));
  const looked = await Promise.all(secure.map((url) => lookAt(egress, url)));
  const faults = looked.map(({ fault }) => fault).filter((fault) => fault !== undefined);
  const refused = faults.find(({ name }) => name === 'urls');
  if (refused) return [refused];
  const unreachable = faults.find(({ name }) => name === 'hosts');
  const untrusted = faults.find(({ name }) => name === 'tls');
  const urlsLine = good('urls', `may be called: ${origins.map((url) => new URL(url).origin).join(', ')}`);
  if (secure.length === 0) return [urlsLine, good('tls', 'none: the operator allows plain http here')];
  if (unreachable) return [urlsLine, unreachable, ...(untrusted ? [untrusted] : [])];
  const hostsLine = good('hosts', 'every host is known and takes connections');
  return [urlsLine, hostsLine, untrusted ?? good('tls', validity(looked))];
}

function refusalOf(attempt: () => void): Fault {
  try {
    attempt();
    return undefined;
  } catch (error) {
    if (error instanceof EgressRefusedError) return forbidden(error);
    throw error;
  }
}

const forbidden = ({ message }: EgressRefusedError): Check =>
  bad('urls', message, 'Correct the URL. If it is meant, the operator adds its origin to STRONGROOM_EGRESS_ALLOW.');

interface Looked {
  certificate?: ServerCertificate;
  fault?: Check;
}

async function lookAt(egress: Pick<Egress, 'certificate'>, url: string): Promise<Looked> {
  const { origin, hostname } = new URL(url);
  try {
    const certificate = await egress.certificate(url);
    const fault = certificateFault(origin, hostname, certificate);
    return { certificate, ...(fault ? { fault } : {}) };
  } catch (error) {
    if (error instanceof EgressRefusedError) return { fault: forbidden(error) };
    if (error instanceof EgressFailedError) return { fault: unreachable(shown(url), origin, error) };
    throw error;
  }
}

function unreachable(url: string, origin: string, { reason }: EgressFailedError): Check {
  if (reason === 'dns')
    return bad('hosts', `the name in ${url} is not known`, 'Correct the host in the URL, or have its name registered.');
  if (reason === 'tls')
    return bad('tls', `${origin} speaks no TLS that we accept`, 'Have the server offer TLS 1.2 or later at this port.');
  if (reason === 'proxy')
    return bad('hosts', `the proxy does not let us to ${origin}`, "Have the operator's proxy admit this host.");
  return bad('hosts', `${origin} takes no connection`, 'Check host and port of the URL, and whether the server runs.');
}

function certificateFault(origin: string, host: string, certificate: ServerCertificate): Fault {
  const { problem, validFrom, validTo } = certificate;
  if (problem === null) return undefined;
  if (problem === 'CERT_HAS_EXPIRED')
    return bad(
      'tls',
      validTo.getTime() < Date.now()
        ? `the certificate of ${origin} expired on ${validTo.toISOString()}`
        : `a certificate that the one of ${origin} is signed by has expired`,
      'Have the certificate renewed at the server; nothing is to be changed here.',
    );
  if (problem === 'CERT_NOT_YET_VALID')
    return bad(
      'tls',
      `the certificate of ${origin} is valid only from ${validFrom.toISOString()}`,
      'Check the clocks of both servers, or have the certificate replaced.',
    );
  if (problem === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return bad(
      'tls',
      `the certificate of ${origin} is for another name: ${namesOf(certificate)}`,
      `Write one of those names in the URL, or have a certificate made for ${host}.`,
    );
  return bad(
    'tls',
    `the certificate of ${origin} is signed by an authority that is not trusted here`,
    'Have it signed by a public authority, have the server send its whole chain, or have the operator trust the authority with NODE_EXTRA_CA_CERTS.',
  );
}

/** What stands in a certificate is somebody else's text. */
const namesOf = ({ names }: ServerCertificate): string =>
  names
    .filter((name) => /^[\w.*:-]{1,100}$/.test(name))
    .slice(0, 5)
    .join(', ') || 'none';

function validity(looked: readonly Looked[]): string {
  const ends = Math.min(...looked.map(({ certificate }) => certificate?.validTo.getTime() ?? Infinity));
  const days = Math.floor((ends - Date.now()) / DAY_MS);
  const until = `valid until ${new Date(ends).toISOString()}`;
  return days < SOON_DAYS ? `${until}: ${days} days left, have it renewed` : until;
}
