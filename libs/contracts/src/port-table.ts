import {
  Bearer,
  Clients,
  ConnectionDirectory,
  ConnectionListing,
  IntakeKeys,
  People,
  SignIn,
  SubjectTokens,
} from './ports.js';
import { TokenVault } from './token-vault.js';

export const serviceNames = [
  'connections',
  'connected-accounts',
  'exchange',
  'tokensets',
  'identity',
  'audit',
] as const;
export type ServiceName = (typeof serviceNames)[number];

export interface PortMethod {
  /** Who may call it; everybody else is refused (`spec/threats.md` S2). */
  callers: readonly ServiceName[];
  /** How long the caller waits. */
  deadlineMs: number;
  /** Called twice it does what it does once: it may be tried again when nobody knows whether it ran. */
  isRepeatable: boolean;
}

export interface PortEntry {
  /** The class is the name under which the port is injected. */
  port: abstract new () => object;
  offeredBy: ServiceName;
  methods: Readonly<Record<string, PortMethod>>;
}

type MethodsOf<Port> = {
  [Name in keyof Port as Port[Name] extends (...args: never[]) => unknown ? Name : never]: PortMethod;
};
/** Has every method of the port, and none that it has not: the compiler refuses both. */
interface EntryOf<Port> extends PortEntry {
  port: abstract new () => Port & object;
  methods: MethodsOf<Port>;
}

const READ_MS = 5_000;
/** Longer than an exchange waits for a refresh, which answers by itself when that time is over. */
const TOKEN_MS = 60_000;
/** A provider may take its time over a code, and more over the profile. */
const REDEEM_MS = 90_000;
/** One call to a provider, which has fifteen seconds, and our own reads. */
const PUSH_MS = 25_000;
const DELETE_MS = 15_000;

const allBut = (service: ServiceName): ServiceName[] => serviceNames.filter((name) => name !== service);
const repeatable = (callers: readonly ServiceName[]): PortMethod => ({
  callers,
  deadlineMs: READ_MS,
  isRepeatable: true,
});
const once = (callers: readonly ServiceName[], deadlineMs: number): PortMethod => ({
  callers,
  deadlineMs,
  isRepeatable: false,
});

const vaultUsers = ['exchange', 'connected-accounts', 'identity'] as const;

const connectionDirectory: EntryOf<ConnectionDirectory> = {
  port: ConnectionDirectory,
  offeredBy: 'connections',
  methods: {
    byName: repeatable(allBut('connections')),
    byId: repeatable(allBut('connections')),
    ofClient: repeatable(allBut('connections')),
    credentials: repeatable(['tokensets']),
    deleted: repeatable(['tokensets']),
  },
};
const connectionListing: EntryOf<ConnectionListing> = {
  port: ConnectionListing,
  offeredBy: 'connections',
  methods: { ofClient: repeatable(['identity']) },
};
const intakeKeys: EntryOf<IntakeKeys> = {
  port: IntakeKeys,
  offeredBy: 'tokensets',
  methods: { current: repeatable(['connections', 'connected-accounts', 'identity']) },
};
const bearer: EntryOf<Bearer> = {
  port: Bearer,
  offeredBy: 'identity',
  // Not repeatable: a DPoP proof counts once.
  methods: { check: once(allBut('identity'), READ_MS) },
};
const clients: EntryOf<Clients> = {
  port: Clients,
  offeredBy: 'identity',
  methods: {
    get: repeatable(allBut('identity')),
    setup: repeatable(['exchange']),
    isWebOrigin: repeatable(['audit', 'connected-accounts', 'exchange']),
  },
};
const people: EntryOf<People> = {
  port: People,
  offeredBy: 'identity',
  methods: { get: repeatable(allBut('identity')), byUserId: repeatable(allBut('identity')) },
};
const tokenVault: EntryOf<TokenVault> = {
  port: TokenVault,
  offeredBy: 'tokensets',
  methods: {
    redeem: once(vaultUsers, REDEEM_MS),
    // Not repeatable: a request that is pushed twice is two requests at the provider.
    pushAuthorization: once(vaultUsers, PUSH_MS),
    redeemed: repeatable(vaultUsers),
    abandon: repeatable(['connected-accounts']),
    accessToken: once(vaultUsers, TOKEN_MS),
    list: repeatable(vaultUsers),
    delete: once(vaultUsers, DELETE_MS),
    // Repeatable: said twice, a label is the same label and a pause the same pause.
    label: repeatable(['connected-accounts']),
    pause: repeatable(['connected-accounts']),
    revocations: repeatable(vaultUsers),
  },
};
const subjectTokens: EntryOf<SubjectTokens> = {
  port: SubjectTokens,
  offeredBy: 'identity',
  // Not repeatable: an assertion counts once.
  methods: { validate: once(['exchange'], READ_MS) },
};
const signIn: EntryOf<SignIn> = {
  port: SignIn,
  offeredBy: 'identity',
  methods: { redeem: once(['connected-accounts'], READ_MS) },
};

/** Who offers which port, and who may call it: the table of `design.md` §2, for calls between services. */
export const portTable = {
  ConnectionDirectory: connectionDirectory,
  ConnectionListing: connectionListing,
  IntakeKeys: intakeKeys,
  Bearer: bearer,
  Clients: clients,
  People: people,
  TokenVault: tokenVault,
  SubjectTokens: subjectTokens,
  SignIn: signIn,
} satisfies Record<string, PortEntry>;

export type PortName = keyof typeof portTable;
