import { ManagementApi } from '@strongroom/http';
import { EncryptionKeysRoutes } from '@strongroom/keyring';

/** The ring that everything of people's accounts is sealed under (`spec/wire-contract.md` §3.9). */
@ManagementApi('keys/encryption')
export class EncryptionKeysController extends EncryptionKeysRoutes {}
