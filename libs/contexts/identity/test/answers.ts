import type { NestFastifyApplication } from '@nestjs/platform-fastify';

export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
  text: string;
  /** The JSON body as what the contract says it is. */
  as<T>(): T;
}

export const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

export async function send(
  app: NestFastifyApplication,
  method: string,
  url: string,
  headers: Record<string, string>,
  payload?: string,
): Promise<Answer> {
  const request = { method: method as 'GET', url, headers, ...(payload === undefined ? {} : { payload }) };
  const { statusCode: status, headers: answered, body: text } = await app.inject(request);
  const lines = Object.entries(answered).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, String(one)]),
  );
  const isJson = String(answered['content-type'] ?? '').includes('json');
  const as = <T>() => (isJson ? JSON.parse(text) : {}) as T;
  return { status, headers: new Headers(lines), body: as<Record<string, unknown>>(), text, as };
}
