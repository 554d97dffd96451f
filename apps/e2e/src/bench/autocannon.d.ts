/** What the bench uses of autocannon, which brings no types. */
declare module 'autocannon' {
  interface Client {
    setRequests(requests: { method: 'POST'; body: string; headers: Record<string, string> }[]): void;
  }
  interface Options {
    url: string;
    connections: number;
    /** Seconds. */
    duration: number;
    /** Requests per second of all connections together. */
    overallRate?: number;
    setupClient(client: Client): void;
  }
  interface Result {
    requests: { average: number };
    /** Milliseconds. */
    latency: { p50: number; p99: number };
    non2xx: number;
    errors: number;
  }
  export default function autocannon(options: Options): Promise<Result>;
}
