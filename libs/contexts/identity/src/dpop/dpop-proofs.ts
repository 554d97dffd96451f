import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ReplayStore } from '@strongroom/locking';
import { DpopNonces } from './dpop-nonces.js';
import { comparable, readProof, type ReadProof } from './dpop-proof.js';
import { InvalidDpopProofError, UseDpopNonceError } from './dpop.errors.js';
import { EndpointAddresses } from '../door/endpoint-addresses.js';

/** Either way from now; also with a nonce. */
const MOST_SECONDS_OFF = 60;
/** Longer than a proof from the future can be good. */
const REMEMBERED_SECONDS = 180;

export interface SentProof {
  proof: string | null;
  method: string;
  /** Absolute, under the public URL; several where there are several names for it. */
  url: string | readonly string[];
  /** The token that it comes with, at a resource. */
  accessToken?: string;
  /** The key that it must be of; absent: any. */
  jkt?: string;
}

/** A proof that is good, and that may or may not have been used before. */
export interface VerifiedProof {
  jkt: string;
  jti: string;
  issuedAt: number;
  /** Host and port that it is for. */
  host: string;
  /** What the next proof should hold; null: nobody asks for nonces. */
  nextNonce: string | null;
}

/** Proofs of possession (RFC 9449): whether one belongs to a request and a token, and that it is used once. */
@Injectable()
export class DpopProofs {
  constructor(
    private readonly replays: ReplayStore,
    private readonly nonces: DpopNonces,
    private readonly addresses: EndpointAddresses,
  ) {}

  /** Good for this request and this key, and used up by it. Throws 503 while nobody can say whether it was used before. */
  async check(sent: SentProof): Promise<{ jkt: string }> {
    const proof = await this.verify(sent);
    await this.spend(proof);
    return { jkt: proof.jkt };
  }

  /** Of a POST to one of our own endpoints; null where none was sent. Not used up. */
  async sentTo(path: string, header: string | string[] | undefined): Promise<VerifiedProof | null> {
    if (header === undefined) return null;
    return this.verify({ proof: String(header), method: 'POST', url: this.addresses.of(path) });
  }

  /** All but whether it was used before. */
  async verify({ proof, method, url, accessToken, jkt }: SentProof): Promise<VerifiedProof> {
    if (proof === null) throw new InvalidDpopProofError('is missing, and the token is bound to a key');
    const read = await readProof(proof);
    if (read.method !== method) throw new InvalidDpopProofError('is for another method (htm)');
    if (read.url === null || ![url].flat().map(comparable).includes(read.url))
      throw new InvalidDpopProofError('is for another address (htu)');
    if (Math.abs(Math.floor(Date.now() / 1000) - read.issuedAt) > MOST_SECONDS_OFF)
      throw new InvalidDpopProofError('is not of now (iat)');
    if (accessToken !== undefined && read.tokenHash !== hashOf(accessToken))
      throw new InvalidDpopProofError('is for another access token (ath)');
    demandKey(read.jkt, jkt);
    const nextNonce = await this.checkNonce(read);
    return { jkt: read.jkt, jti: read.jti, issuedAt: read.issuedAt, host: new URL(read.url).host, nextNonce };
  }

  /** @throws InvalidDpopProofError for everybody but the first. */
  async spend({ jkt, jti, issuedAt }: VerifiedProof): Promise<void> {
    if (!(await this.replays.isFirst(`dpop\n${jkt}\n${jti}`, REMEMBERED_SECONDS, issuedAt)))
      throw new InvalidDpopProofError('was used before, or is older than this server');
  }

  private async checkNonce({ nonce }: ReadProof): Promise<string | null> {
    const challenge = await this.nonces.current();
    if (challenge === null) {
      if (nonce !== null) throw new InvalidDpopProofError('holds a nonce, and none was given');
      return null;
    }
    if (nonce === null || !challenge.checkChallenge(nonce)) throw new UseDpopNonceError(challenge.nextChallenge());
    return challenge.nextChallenge();
  }
}

/** @throws InvalidDpopProofError unless the key is the one; none wanted: any will do. */
export function demandKey(jkt: string, wanted: string | null | undefined): void {
  if (wanted && jkt !== wanted) throw new InvalidDpopProofError('is of another key than the token is bound to');
}

/** @throws InvalidDpopProofError for a client that wants none but bound tokens (`require_proof_of_possession`) */
export function demandProofOfClient(client: { requireProofOfPossession: boolean }, proof: VerifiedProof | null): void {
  if (client.requireProofOfPossession && !proof)
    throw new InvalidDpopProofError('is missing, and this client gets tokens that are bound to a key only');
}

const hashOf = (accessToken: string): string => createHash('sha256').update(accessToken, 'utf8').digest('base64url');
