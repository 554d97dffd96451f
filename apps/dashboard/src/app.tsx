import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { Link, Navigate, Route, Routes } from 'react-router';
import { AccountArea } from './account/index.js';
import { newQueryClient } from './api/index.js';
import { type Arrival, SignedIn } from './session/index.js';
import { Loading, Message } from './ui/index.js';

/** Most people never see it. */
const AdminArea = lazy(() => import('./admin/index.js').then(({ AdminArea }) => ({ default: AdminArea })));

export function App({ arrival }: { arrival: Arrival }) {
  const [queries] = useState(newQueryClient);
  return (
    <QueryClientProvider client={queries}>
      <Routes>
        <Route
          path="/account/*"
          element={
            <SignedIn area="account">
              <AccountArea arrival={arrival} />
            </SignedIn>
          }
        />
        <Route
          path="/dashboard/*"
          element={
            <SignedIn area="dashboard">
              <Suspense fallback={<Loading what="The dashboard" />}>
                <AdminArea />
              </Suspense>
            </SignedIn>
          }
        />
        <Route path="/" element={<Navigate to="/account" replace />} />
        <Route
          path="*"
          element={
            <Message title="There is no such page">
              <Link to="/account">Go to your account</Link>
            </Message>
          }
        />
      </Routes>
    </QueryClientProvider>
  );
}
