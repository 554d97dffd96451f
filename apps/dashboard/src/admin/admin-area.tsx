import { Navigate, Route, Routes } from 'react-router';
import { Frame, type Place } from '../shell/index.js';
import './admin.css';
import { ApplicationPage } from './applications/application-page.js';
import { ApplicationsPage } from './applications/applications-page.js';
import { NewApplicationPage } from './applications/new-application-page.js';
import { ConnectionPage } from './connections/connection-page.js';
import { ConnectionsPage } from './connections/connections-page.js';
import { NewConnectionPage } from './connections/new-connection-page.js';
import { ProvidersPage } from './connections/providers-page.js';
import { KeysPage } from './keys/keys-page.js';
import { LogEntryPage } from './log/log-entry-page.js';
import { LogPage } from './log/log-page.js';
import { NowherePage } from './nowhere-page.js';
import { ParkedPage } from './parked/parked-page.js';
import { PeoplePage } from './people/people-page.js';
import { PersonPage } from './people/person-page.js';

const PLACES: readonly Place[] = [
  { to: '/dashboard/connections', label: 'Connections' },
  { to: '/dashboard/applications', label: 'Applications' },
  { to: '/dashboard/people', label: 'People' },
  { to: '/dashboard/log', label: 'Log' },
  { to: '/dashboard/parked', label: 'Parked events' },
  { to: '/dashboard/keys', label: 'Keys' },
];

export const AdminArea = () => (
  <Frame area="dashboard" places={PLACES}>
    <Routes>
      <Route index element={<Navigate to="connections" replace />} />
      <Route path="connections" element={<ConnectionsPage />} />
      <Route path="connections/new" element={<ProvidersPage />} />
      <Route path="connections/new/:provider" element={<NewConnectionPage />} />
      <Route path="connections/:id" element={<ConnectionPage />} />
      <Route path="applications" element={<ApplicationsPage />} />
      <Route path="applications/new" element={<NewApplicationPage />} />
      <Route path="applications/:id" element={<ApplicationPage />} />
      <Route path="people" element={<PeoplePage />} />
      <Route path="people/:id" element={<PersonPage />} />
      <Route path="log" element={<LogPage />} />
      <Route path="log/:id" element={<LogEntryPage />} />
      <Route path="parked" element={<ParkedPage />} />
      <Route path="keys" element={<KeysPage />} />
      <Route path="*" element={<NowherePage />} />
    </Routes>
  </Frame>
);
