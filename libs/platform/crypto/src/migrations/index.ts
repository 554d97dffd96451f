import { IntakeKeys1763700001000 } from './1763700001000-intake-keys.js';
import { KeyRing1763700000000 } from './1763700000000-key-ring.js';
import { KeyRotation1763700002000 } from './1763700002000-key-rotation.js';
import { IntakeKeyIds1763700003000 } from './1763700003000-intake-key-ids.js';

type Classes = (new () => object)[];

/** For each context with a key ring. */
export const keyRingMigrations: Classes = [KeyRing1763700000000, KeyRotation1763700002000];
/** After those, and for the vault alone. */
export const intakeKeyMigrations: Classes = [IntakeKeys1763700001000, IntakeKeyIds1763700003000];
