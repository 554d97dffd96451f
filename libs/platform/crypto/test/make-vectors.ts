import { shake256 } from '@noble/hashes/sha3.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { aadBySecond, hkdfBySecond, hpkeSealBySecond, sealBySecond } from './second-implementation.js';
import type { Vectors } from './vectors.js';
import { x25519Public } from './x25519.js';

/**
 * Writes `vectors.json` anew, with the second implementation alone. Its first rows were written by a third one
 * (pyca/cryptography), and come out the same to the byte. What is written there never changes: databases are full of
 * it. A new kind of record is a new row at the end.
 */
export function makeVectors(): Vectors {
  return {
    installationId: INSTALLATION,
    personId: PERSON,
    keyId: KEY_ID,
    records: Object.entries(ROWS).map(([name, parts]) => recordVector(name, parts)),
    masterKey: masterKeyVector(),
    intake: intakeVectors(),
  };
}

const INSTALLATION = '6f0a1f8e-5f0d-4a52-9c3a-0d9f3a4b5c6d';
const PERSON = '0b7c2a9e-1d3f-4e5a-8b6c-7d8e9fa0b1c2';
const KEY_ID = '11223344-5566-4778-8990-aabbccddeeff';
const ORIGIN = 'https://idp.example';
const TOKENSET = ['tokenset', INSTALLATION, PERSON, 'ts_1a', 'con_1a', 'subject é', ORIGIN];
const INSTALLATION_KEY = ['installation-key', INSTALLATION, 'tokensets', KEY_ID, '3'];

/** One of each row of the table of lists (`spec/encryption.md` §4); the boxes are below. */
const ROWS: Record<string, string[]> = {
  'tokenset access': [...TOKENSET, 'access', '1'],
  'tokenset refresh': [...TOKENSET, 'refresh', '4294967296'],
  'tokenset key': ['tokenset-key', INSTALLATION, 'ts_1a', KEY_ID],
  'installation key': INSTALLATION_KEY,
  'intake key': ['intake-key', INSTALLATION, KEY_ID],
  'identity secret': ['signing-key', INSTALLATION, 'owner', 'private_jwk'],
  'pending redeem': ['pending-redeem', INSTALLATION, 'cs_1a', 'con_1a', ORIGIN, 'refresh'],
  revocation: ['revocation', INSTALLATION, 'rev_1a', 'con_1a', ORIGIN, 'token'],
};

const BOXES = [
  { purpose: 'connection-credential', ownerId: 'con_1a', field: 'client_secret' },
  { purpose: 'provider-code', ownerId: 'cs_1a', field: 'code' },
  { purpose: 'pkce-verifier', ownerId: 'cs_1a', field: 'verifier' },
] as const;

/** Bytes that look random and are always the same. */
export const filled = (label: string, length: number): Buffer =>
  Buffer.from(shake256(Buffer.from(label), { dkLen: length }));

function recordVector(name: string, parts: string[]): Vectors['records'][number] {
  const [key, nonce, plaintext] = [filled(`key ${name}`, 32), filled(`nonce ${name}`, 12), `cnry_${name}`];
  const bound = aadBySecond(parts);
  const record = sealBySecond({ key, keyId: KEY_ID, nonce, plaintext: Buffer.from(plaintext), aad: bound });
  const hexed = { key: key.toString('hex'), nonce: nonce.toString('hex') };
  return {
    name,
    keyId: KEY_ID,
    ...hexed,
    parts,
    aad: bound.toString('hex'),
    plaintext,
    record: record.toString('hex'),
  };
}

function masterKeyVector(): Vectors['masterKey'] {
  const [key, installationKey] = [filled('master key', 32), filled('installation key', 32)];
  const wrapped = sealBySecond({
    key: hkdfBySecond('sha512', key, Buffer.alloc(0), Buffer.from('strongroom/kek/1tokensets'), 32),
    keyId: Buffer.from(sha256(Buffer.from('strongroom/mk-id2026-a'))).toString('hex', 0, 16),
    nonce: filled('nonce wrapped', 12),
    plaintext: installationKey,
    aad: aadBySecond(INSTALLATION_KEY),
  });
  return {
    id: '2026-a',
    key: key.toString('hex'),
    context: 'tokensets',
    version: 3,
    installationKey: installationKey.toString('hex'),
    wrapped: wrapped.toString('hex'),
  };
}

function intakeVectors(): Vectors['intake'] {
  const privateKey = filled('intake key', 32);
  const publicKey = x25519Public(privateKey);
  const boxes = BOXES.map(({ purpose, ownerId, field }) => {
    const plaintext = `cnry_${field}`;
    const sealed = hpkeSealBySecond({
      aead: 2,
      ephemeral: filled(`ephemeral ${purpose}`, 32),
      publicKey,
      info: Buffer.from('strongroom/intake/1'),
      aad: aadBySecond([purpose, INSTALLATION, 'con_1a', ownerId, field]),
      plaintext: Buffer.from(plaintext),
    });
    const box = `53420101${KEY_ID.replaceAll('-', '')}${sealed.toString('hex')}`;
    return { purpose, connectionId: 'con_1a', ownerId, field, plaintext, box };
  });
  return { privateKey: privateKey.toString('hex'), publicKey: publicKey.toString('hex'), boxes };
}
