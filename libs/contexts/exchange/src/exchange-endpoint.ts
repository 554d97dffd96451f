import { Injectable } from '@nestjs/common';
import { VaultError } from '@strongroom/errors';
import { clientAddress, clientCertificate, showAllowance } from '@strongroom/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ExchangeRequest } from './exchange.request.js';
import { type Channel, ExchangeService } from './exchange.service.js';
import { shown } from './refusal.js';

/** What all addresses of the exchange have in common: from the request that came to the answer that goes. */
@Injectable()
export class ExchangeEndpoint {
  constructor(private readonly exchanges: ExchangeService) {}

  /**
   * @param read as `sensible` takes it
   * @param path where it came in, if that is not the token endpoint: a proof of possession names it
   */
  async answer(
    { request, reply, path }: { request: FastifyRequest; reply: FastifyReply; path?: string },
    read: () => ExchangeRequest,
  ): Promise<void> {
    const channel = { ...channelOf(request), ...(path === undefined ? {} : { path }) };
    const asked = await this.sensible(request, read);
    const answer = await this.exchanges.exchange(asked, channel, (left) => showAllowance(reply, left));
    void reply.code(200).headers({ 'cache-control': 'no-store', pragma: 'no-cache' }).send(answer);
  }

  /** @param read makes sense of what was sent, or throws; a request of which no sense can be made is recorded too */
  async sensible<Sense>(request: FastifyRequest, read: () => Sense): Promise<Sense> {
    try {
      return read();
    } catch (error) {
      if (error instanceof VaultError) await this.refused(request, error);
      throw error;
    }
  }

  /** For the audit: nobody knows of whom, for whom or of what. */
  refused(request: FastifyRequest, refusal: VaultError): Promise<void> {
    return this.exchanges.recordMalformed(refusal, channelOf(request));
  }
}

/** Nothing leaves that is for the audit alone. */
export async function withoutLogOnly(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw error instanceof VaultError ? shown(error) : error;
  }
}

const header = (value: string | string[] | undefined): string | null => (typeof value === 'string' ? value : null);

const channelOf = (request: FastifyRequest): Channel => ({
  authorization: header(request.headers.authorization),
  dpop: header(request.headers['dpop']),
  ip: clientAddress(request),
  certificate: clientCertificate(request)?.pem ?? null,
});
