import { ManagementApi } from '@strongroom/http';
import { EncryptionKeysRoutes } from '@strongroom/keyring';

/** The ring of the authorization server's own secrets (`spec/wire-contract.md` §3.9). */
@ManagementApi('keys/encryption/identity')
export class EncryptionKeysController extends EncryptionKeysRoutes {}
