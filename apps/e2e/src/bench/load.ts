import autocannon from 'autocannon';

export interface Load {
  perSecond: number;
  p50: number;
  p99: number;
  refused: number;
}

export interface Wanted {
  connections: number;
  seconds: number;
  /** At most, of all connections together. */
  perSecond?: number;
}

const FORMS_OF_A_CONNECTION = 400;
const headers = { 'content-type': 'application/x-www-form-urlencoded' };

/** Posts forms, each connection others than the rest in an order of its own. Milliseconds for the percentiles. */
export async function load(url: string, forms: readonly string[], wanted: Wanted): Promise<Load> {
  let next = 0;
  const share = Math.max(1, Math.min(FORMS_OF_A_CONNECTION, Math.floor(forms.length / wanted.connections)));
  const result = await autocannon({
    url,
    connections: wanted.connections,
    duration: wanted.seconds,
    ...(wanted.perSecond === undefined ? {} : { overallRate: wanted.perSecond }),
    setupClient: (client) => {
      const own = Array.from({ length: share }, () => forms[next++ % forms.length]!);
      client.setRequests(own.map((body) => ({ method: 'POST', body, headers })));
    },
  });
  return {
    perSecond: result.requests.average,
    p50: result.latency.p50,
    p99: result.latency.p99,
    refused: result.non2xx + result.errors,
  };
}
