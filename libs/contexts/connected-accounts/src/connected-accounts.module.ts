import { type DynamicModule, Module } from '@nestjs/common';
import { MessagingModule } from '@strongroom/messaging';
import { DatabaseModule } from '@strongroom/persistence';
import { DetailsOfAccounts } from './accounts/account-details.js';
import { AccountLists } from './accounts/account-lists.js';
import { AccountWishesController } from './accounts/account-wishes.controller.js';
import { AccountsController } from './accounts/accounts.controller.js';
import { AccountsService } from './accounts/accounts.service.js';
import { DisconnectWhenConnectionDeleted } from './accounts/disconnect-when-connection-deleted.js';
import { DisconnectWhenTokensetDeleted } from './accounts/disconnect-when-tokenset-deleted.js';
import { DisconnectWhenUserDeleted } from './accounts/disconnect-when-user-deleted.js';
import { MarkConnectedWhenTokensetRecovered } from './accounts/mark-connected-when-tokenset-recovered.js';
import { MarkReconnectRequiredWhenTokensetNeedsIt } from './accounts/mark-reconnect-required-when-tokenset-needs-it.js';
import { SettleLabels } from './accounts/settle-labels.js';
import { UserAccountsController } from './accounts/user-accounts.controller.js';
import { BeginConnect } from './connect/begin-connect.js';
import { CompleteConnect } from './connect/complete-connect.js';
import { ConnectController } from './connect/connect.controller.js';
import { ConnectPagesController } from './connect/connect-pages.controller.js';
import { ConnectSessions } from './connect/connect-sessions.js';
import { ConsentForm } from './connect/consent-form.js';
import { DecideConsent } from './connect/decide-consent.js';
import { FlowCookies } from './connect/flow-cookies.js';
import { HoldCode } from './connect/hold-code.js';
import { OpenTicket } from './connect/open-ticket.js';
import { PageErrorFilter } from './connect/page-error.filter.js';
import { ProviderCallback } from './connect/provider-callback.js';
import { ProviderRequests } from './connect/provider-request.js';
import { StoreAccount } from './connect/store-account.js';
import { SweepConnectSessions } from './connect/sweep-connect-sessions.js';
import { WayBack } from './connect/way-back.js';
import { connectedAccountsDatabase } from './connected-accounts.database.js';

export interface ConnectedAccountsOptions {
  databaseUrl: string;
}

/** The connect flow and what comes of it; sees no token of a provider. */
@Module({})
export class ConnectedAccountsModule {
  static forRoot({ databaseUrl }: ConnectedAccountsOptions): DynamicModule {
    return {
      module: ConnectedAccountsModule,
      imports: [
        DatabaseModule.forContext(connectedAccountsDatabase(databaseUrl)),
        MessagingModule.forContext('connected-accounts'),
      ],
      controllers: [
        ConnectController,
        ConnectPagesController,
        AccountsController,
        AccountWishesController,
        UserAccountsController,
        DisconnectWhenTokensetDeleted,
        DisconnectWhenConnectionDeleted,
        DisconnectWhenUserDeleted,
        MarkReconnectRequiredWhenTokensetNeedsIt,
        MarkConnectedWhenTokensetRecovered,
      ],
      providers: [
        AccountLists,
        AccountsService,
        BeginConnect,
        CompleteConnect,
        ConnectSessions,
        ConsentForm,
        DecideConsent,
        DetailsOfAccounts,
        FlowCookies,
        HoldCode,
        OpenTicket,
        PageErrorFilter,
        ProviderCallback,
        ProviderRequests,
        SettleLabels,
        StoreAccount,
        SweepConnectSessions,
        WayBack,
      ],
    };
  }
}
