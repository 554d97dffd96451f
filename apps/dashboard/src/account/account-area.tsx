import { useState } from 'react';
import { Route, Routes } from 'react-router';
import type { Arrival } from '../session/index.js';
import { Frame } from '../shell/index.js';
import { ButtonLink, Page } from '../ui/index.js';
import { AccountPage } from './account-page.js';
import { AccountsPage } from './accounts-page.js';
import { ChooseConnectionPage } from './choose-connection-page.js';
import { ConnectPage } from './connect-page.js';
import { ConnectedPage } from './connected-page.js';
import { ReceiptsPage } from './receipts-page.js';
import { SessionsPage } from './sessions-page.js';

const PLACES = [
  { to: '/account', label: 'Accounts', exact: true },
  { to: '/account/receipts', label: 'Receipts' },
  { to: '/account/sessions', label: 'Sessions' },
];

export function AccountArea({ arrival }: { arrival: Arrival }) {
  const [returned, setReturned] = useState(arrival.kind === 'connect' ? arrival : null);
  if (returned)
    return (
      <Frame area="account" places={PLACES}>
        <ConnectedPage arrival={returned} onLeave={() => setReturned(null)} />
      </Frame>
    );
  return (
    <Frame area="account" places={PLACES}>
      <Routes>
        <Route index element={<AccountsPage isStray={arrival.kind === 'stray'} />} />
        <Route path="accounts/:id" element={<AccountPage />} />
        <Route path="connect" element={<ChooseConnectionPage />} />
        <Route path="connect/:connection" element={<ConnectPage />} />
        <Route path="receipts" element={<ReceiptsPage />} />
        <Route path="sessions" element={<SessionsPage />} />
        <Route
          path="*"
          element={
            <Page title="There is no such page">
              <ButtonLink to="/account">Go to your accounts</ButtonLink>
            </Page>
          }
        />
      </Routes>
    </Frame>
  );
}
