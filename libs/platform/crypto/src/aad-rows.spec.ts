import { randomBytes } from 'node:crypto';
import { hex, vectors } from '../test/vectors.js';
import { aad } from './aad.js';
import {
  boxAad,
  intakeKeyAad,
  secretAad,
  tokensetFieldAad,
  type TokensetField,
  wrappedInstallationKeyAad,
  wrappedTokensetKeyAad,
} from './aad-rows.js';
import { open, seal } from './record.js';
import { SealingKey } from './sealing-key.js';
import { UnreadableRecord } from './unreadable-record.error.js';

const { installationId, personId, keyId } = vectors;

describe('aad', () => {
  it('encodes no two lists alike', () => {
    const seen = new Map<string, string>();
    const alike: string[] = [];
    const alphabet = ['', 'a', 'b', 'ab', '\0', '\0\0\0\u0001a', 'é', 'a\0\0\0\u0001b'];
    for (let n = 0; n < 100_000; n++) {
      const bytes = randomBytes(6);
      const list = [...bytes.subarray(1, 1 + (bytes[0]! % 6))].map((byte) => alphabet[byte % alphabet.length]!);
      const encoded = aad(list).toString('hex');
      const written = JSON.stringify(list);
      if ((seen.get(encoded) ?? written) !== written) alike.push(written);
      seen.set(encoded, written);
    }
    expect(alike).toEqual([]);
  });

  it('reads a number as its decimal digits', () => {
    expect(aad([10]).equals(aad(['10']))).toBe(true);
  });
});

describe('the rows of the specification', () => {
  const tokenset = {
    installationId,
    personId,
    tokensetId: 'ts_1a',
    connectionId: 'con_1a',
    providerSubject: 'subject é',
    tokenOrigin: 'https://idp.example',
  };
  const rows: Record<string, Buffer> = {
    'tokenset access': tokensetFieldAad({ ...tokenset, field: 'access', credVersion: 1 }),
    'tokenset refresh': tokensetFieldAad({ ...tokenset, field: 'refresh', credVersion: 4294967296 }),
    'tokenset key': wrappedTokensetKeyAad({ installationId, tokensetId: 'ts_1a', keyId }),
    'installation key': wrappedInstallationKeyAad({ installationId, context: 'tokensets', keyId, version: 3 }),
    'intake key': intakeKeyAad({ installationId, keyId }),
    'identity secret': secretAad({ kind: 'signing-key', installationId, ownerId: 'owner', field: 'private_jwk' }),
    'pending redeem': secretAad({
      kind: 'pending-redeem',
      installationId,
      ownerId: 'cs_1a',
      provider: { connectionId: 'con_1a', tokenOrigin: 'https://idp.example' },
      field: 'refresh',
    }),
    revocation: secretAad({
      kind: 'revocation',
      installationId,
      ownerId: 'rev_1a',
      provider: { connectionId: 'con_1a', tokenOrigin: 'https://idp.example' },
      field: 'token',
    }),
  };

  it.each(vectors.records)('"$name" is built as it stands there', ({ name, aad: expected }) => {
    expect(rows[name]?.equals(hex(expected))).toBe(true);
  });

  it('differ from each other, boxes included', () => {
    const boxes = (['connection-credential', 'provider-code', 'pkce-verifier'] as const).map((purpose) =>
      boxAad(installationId, { purpose, connectionId: 'con_1a', ownerId: 'cs_1a', field: 'code' }),
    );
    const all = [...Object.values(rows), ...boxes].map((row) => row.toString('hex'));
    expect(new Set(all).size).toBe(all.length);
  });

  it.each(['tokenset', 'tokenset-key', 'installation-key', 'intake-key', 'provider-code'])(
    'a value of kind "%s" cannot pass for one of another row',
    (kind) => {
      expect(() => secretAad({ kind, installationId, ownerId: 'a', field: 'b' })).toThrow('another sort of record');
    },
  );

  it('D1: a tokenset field opens in its own place only: no swap among tokensets, persons, fields and versions', () => {
    const key = SealingKey.generate();
    const places: TokensetField[] = [];
    for (const tokensetId of ['ts_1', 'ts_2', 'ts_3', 'ts_4'])
      for (const person of [personId, installationId])
        for (const field of ['access', 'refresh'] as const)
          for (const credVersion of [1, 2, 3])
            places.push({ ...tokenset, tokensetId, personId: person, field, credVersion });
    const sealed = places.map((place) => seal(key, Buffer.from('cnry_token'), tokensetFieldAad(place)));
    places.forEach((place, to) =>
      sealed.forEach((record, from) => {
        const opened = (): Buffer => open(key, record, tokensetFieldAad(place));
        if (from === to) expect(opened().toString()).toBe('cnry_token');
        else expect(opened).toThrow(UnreadableRecord);
      }),
    );
  });

  it('D1: a change of any single member of the list keeps a token from opening', () => {
    const key = SealingKey.generate();
    const place: TokensetField = { ...tokenset, field: 'refresh', credVersion: 7 };
    const record = seal(key, Buffer.from('cnry_token'), tokensetFieldAad(place));
    const changes: Partial<TokensetField>[] = [
      { installationId: personId },
      { personId: installationId },
      { tokensetId: 'ts_2' },
      { connectionId: 'con_2' },
      { providerSubject: 'other' },
      { tokenOrigin: 'https://evil.example' },
      { field: 'access' },
      { credVersion: 6 },
    ];
    for (const change of changes)
      expect(() => open(key, record, tokensetFieldAad({ ...place, ...change }))).toThrow(UnreadableRecord);
    expect(open(key, record, tokensetFieldAad(place)).toString()).toBe('cnry_token');
  });
});
