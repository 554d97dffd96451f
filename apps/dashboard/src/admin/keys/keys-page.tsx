import { Page } from '../../ui/index.js';
import { EncryptionKeys } from './encryption-keys.js';
import { SigningKeys } from './signing-keys.js';

export const KeysPage = () => (
  <Page title="Keys" lead="What tokens are signed with, and what everything in the vault is sealed under.">
    <SigningKeys />
    <EncryptionKeys ring="tokensets" title="Encryption keys of the vault" />
    <EncryptionKeys ring="identity" title="Encryption keys of the accounts here" />
  </Page>
);
