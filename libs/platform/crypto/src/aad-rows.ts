import { aad } from './aad.js';

// One builder for each row of `spec/encryption.md` §4. The order of the parts is part of the stored format.

export interface TokensetField {
  installationId: string;
  personId: string;
  tokensetId: string;
  connectionId: string;
  providerSubject: string;
  tokenOrigin: string;
  field: 'access' | 'refresh';
  credVersion: number;
}

/** Of a provider's token at rest: it opens for this person, account, provider and version of the credential alone. */
export const tokensetFieldAad = (of: TokensetField): Buffer =>
  aad([
    'tokenset',
    of.installationId,
    of.personId,
    of.tokensetId,
    of.connectionId,
    of.providerSubject,
    of.tokenOrigin,
    of.field,
    of.credVersion,
  ]);

/** Of a token set's own key, wrapped by the installation key. */
export const wrappedTokensetKeyAad = (of: { installationId: string; tokensetId: string; keyId: string }): Buffer =>
  aad(['tokenset-key', of.installationId, of.tokensetId, of.keyId]);

/** The purpose is the first part, so that nothing else the master keys may once wrap opens as an installation key. */
export const wrappedInstallationKeyAad = (of: {
  purpose?: string;
  installationId: string;
  context: string;
  keyId: string;
  version: number;
}): Buffer => aad([of.purpose ?? 'installation-key', of.installationId, of.context, of.keyId, of.version]);

/** Of the private half of an intake key, sealed at rest. */
export const intakeKeyAad = (of: { installationId: string; keyId: string }): Buffer =>
  aad(['intake-key', of.installationId, of.keyId]);

const BOX_PURPOSES = ['connection-credential', 'provider-code', 'pkce-verifier'] as const;
export type BoxPurpose = (typeof BOX_PURPOSES)[number];

/** Whose secret a box holds and what it is for. The owner is a connection, a connect session or a login interaction. */
export interface BoxContext {
  purpose: BoxPurpose;
  connectionId: string;
  ownerId: string;
  field: string;
}

/** Of an intake box: it opens for the one purpose, connection, owner and field it was made for. */
export const boxAad = (installationId: string, of: BoxContext): Buffer =>
  aad([of.purpose, installationId, of.connectionId, of.ownerId, of.field]);

const OTHER_ROWS: readonly string[] = ['tokenset', 'tokenset-key', 'installation-key', 'intake-key', ...BOX_PURPOSES];

/** A value sealed under the installation key itself; a provider's token on its way also names where it may go. */
export interface SealedValue {
  kind: string;
  installationId: string;
  ownerId: string;
  provider?: { connectionId: string; tokenOrigin: string };
  field: string;
}

/** @throws Error for a kind that another builder here stands for: its records would open as each other's. */
export function secretAad({ kind, installationId, ownerId, provider, field }: SealedValue): Buffer {
  if (OTHER_ROWS.includes(kind)) throw new Error(`the kind "${kind}" belongs to another sort of record`);
  const place = provider ? [provider.connectionId, provider.tokenOrigin] : [];
  return aad([kind, installationId, ownerId, ...place, field]);
}
