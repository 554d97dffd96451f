import { type DynamicModule, Module } from '@nestjs/common';
import { IntakeKeys, TokenVault } from '@strongroom/contracts';
import { IntakePrivateKeys, KeyRing } from '@strongroom/crypto';
import { keyringProviders } from '@strongroom/keyring';
import { Budgets, InProcessBudgets, InProcessLocks, Locks } from '@strongroom/locking';
import { MessagingModule } from '@strongroom/messaging';
import { type Logger, LOGGER, Metrics } from '@strongroom/observability';
import { DatabaseModule, PreparedReads } from '@strongroom/persistence';
import { DataSource } from 'typeorm';
import { AccessTokenService } from './access/access-token.service.js';
import { ConnectHints } from './access/connect-hints.js';
import { PersonsWishes } from './access/persons-wishes.js';
import { TokensetReads } from './access/tokenset-reads.js';
import { UsageMarks } from './access/usage-marks.js';
import { Verdicts } from './access/verdicts.js';
import { WantedScopes } from './access/wanted-scopes.js';
import { AheadOfTime } from './ahead/ahead-of-time.js';
import { DueAhead } from './ahead/due-ahead.js';
import { EarlyRefresh } from './ahead/early-refresh.js';
import { Endings } from './ahead/endings.js';
import { ForcedRefresh } from './ahead/forced-refresh.js';
import { Connections } from './connections.js';
import { Custody } from './custody/custody.js';
import { OpenWatch } from './custody/open-watch.js';
import { VaultSeal } from './custody/vault-seal.js';
import { IntakeKeysService } from './custody/intake-keys.service.js';
import { DeleteTokensetsWhenConnectionDeleted } from './delete-tokensets-when-connection-deleted.js';
import { DeleteTokensetsWhenUserDeleted } from './delete-tokensets-when-user-deleted.js';
import { Introspection } from './introspection.js';
import { Housekeeping } from './housekeeping.js';
import { RefreshLimits } from './limits/refresh-limits.js';
import { EncryptionKeysController } from './keys/encryption-keys.controller.js';
import { keyTargets } from './keys/key-targets.js';
import { ProviderClient } from './provider-client.js';
import { PushAuthorization } from './push-authorization.js';
import { AccountReader } from './redeem/account-reader.js';
import { RedeemJournal } from './redeem/redeem-journal.js';
import { RedeemSecrets } from './redeem/redeem-secrets.js';
import { RedeemService } from './redeem/redeem.service.js';
import { TokensetStore } from './redeem/tokenset-store.js';
import { AfterRefresh } from './refresh/after-refresh.js';
import { CrashPoints } from './refresh/crash-points.js';
import { NodeRegistry } from './refresh/node-registry.js';
import { OpenAttempts } from './refresh/open-attempts.js';
import { RecoverySweeper } from './refresh/recovery-sweeper.js';
import { RefreshJournal } from './refresh/refresh-journal.js';
import { RefreshLifecycle } from './refresh/refresh-lifecycle.js';
import { RefreshMetrics } from './refresh/refresh-metrics.js';
import { RefreshSignals } from './refresh/refresh-signals.js';
import { ProcessWorld } from './refresh/refresh-world.js';
import { Spill, RefreshStore } from './refresh/refresh.types.js';
import { Refresher } from './refresh/refresher.js';
import { spillOf } from './refresh/spill-of.js';
import { SpillReplay } from './refresh/spill-replay.js';
import { RevocationSeal } from './revocation/revocation-seal.js';
import { RevocationStore } from './revocation/revocation-store.js';
import { Revocations } from './revocation/revocations.js';
import { RevocationsController } from './revocation/revocations.controller.js';
import { RevokeAtProvider } from './revocation/revoke-at-provider.js';
import { Revoker } from './revocation/revoker.js';
import { ShowTokensets } from './show-tokensets.js';
import { TokenVaultService } from './token-vault.service.js';
import { TokensetsController } from './tokensets.controller.js';
import { tokensetsDatabase } from './tokensets.database.js';
import { TokensetsHealth } from './tokensets-health.js';
import { type TokensetsOptions, TokensetsSettings } from './tokensets.options.js';
import { TokensetsService } from './tokensets.service.js';
import { VerifyConnection } from './verify/verify-connection.js';
import { VerifyController } from './verify/verify.controller.js';

/** Needs the ports `ConnectionDirectory` and `People`, `Egress`, `PublicUrl` and the logger from the app. */
@Module({})
export class TokensetsModule {
  static forRoot(options: TokensetsOptions): DynamicModule {
    const { databaseUrl, masterKeys, masterKeyCacheSeconds, rewrapRowsPerSecond, locks, budgets, ...settings } =
      options;
    const database = tokensetsDatabase(databaseUrl);
    return {
      module: TokensetsModule,
      imports: [DatabaseModule.forContext(database), MessagingModule.forContext('tokensets')],
      controllers: [
        EncryptionKeysController,
        TokensetsController,
        RevocationsController,
        VerifyController,
        DeleteTokensetsWhenConnectionDeleted,
        DeleteTokensetsWhenUserDeleted,
      ],
      providers: [
        { provide: TokensetsSettings, useFactory: () => new TokensetsSettings(settings) },
        { provide: Locks, useFactory: () => locks ?? new InProcessLocks() },
        { provide: Budgets, useFactory: () => budgets ?? new InProcessBudgets() },
        {
          provide: RefreshMetrics,
          inject: [{ token: Metrics, optional: true }],
          useFactory: (metrics?: Metrics) => new RefreshMetrics(metrics ?? new Metrics()),
        },
        { provide: PreparedReads, useFactory: () => new PreparedReads(databaseUrl, database.schema) },
        {
          provide: KeyRing,
          inject: [DataSource, LOGGER],
          useFactory: (database: DataSource, logger: Logger) =>
            KeyRing.load({
              database,
              masterKeys,
              context: 'tokensets',
              logger,
              ...(masterKeyCacheSeconds === undefined ? {} : { masterKeyCacheSeconds }),
            }),
        },
        {
          provide: IntakePrivateKeys,
          inject: [KeyRing, DataSource],
          useFactory: (ring: KeyRing, source: DataSource) => IntakePrivateKeys.load(ring, source),
        },
        ...keyringProviders(keyTargets, rewrapRowsPerSecond),
        IntakeKeysService,
        { provide: IntakeKeys, useExisting: IntakeKeysService },
        TokenVaultService,
        { provide: TokenVault, useExisting: TokenVaultService },
        { provide: RefreshStore, useClass: RefreshJournal },
        { provide: CrashPoints, useClass: CrashPoints },
        {
          provide: Spill,
          inject: [TokensetsSettings, KeyRing, RefreshMetrics, LOGGER],
          useFactory: spillOf,
        },
        AccessTokenService,
        AccountReader,
        AfterRefresh,
        ConnectHints,
        WantedScopes,
        Connections,
        Custody,
        Housekeeping,
        Introspection,
        NodeRegistry,
        OpenWatch,
        OpenAttempts,
        PersonsWishes,
        ProviderClient,
        PushAuthorization,
        RedeemJournal,
        RedeemSecrets,
        RedeemService,
        RecoverySweeper,
        Refresher,
        RefreshLifecycle,
        RefreshSignals,
        ProcessWorld,
        AheadOfTime,
        DueAhead,
        EarlyRefresh,
        Endings,
        ForcedRefresh,
        RefreshLimits,
        ShowTokensets,
        RevocationSeal,
        Revocations,
        RevocationStore,
        RevokeAtProvider,
        Revoker,
        SpillReplay,
        TokensetReads,
        TokensetsHealth,
        TokensetsService,
        TokensetStore,
        UsageMarks,
        VaultSeal,
        VerifyConnection,
        Verdicts,
      ],
      exports: [IntakeKeys, TokenVault],
    };
  }
}
