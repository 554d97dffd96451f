import { createContext, type ReactNode, useContext, useEffect, useSyncExternalStore } from 'react';
import { useLocation } from 'react-router';
import { Button, Loading, Message } from '../ui/index.js';
import type { Area } from './area.js';
import type { Who } from './authorization.js';
import { sessions } from './session.js';

const Person = createContext<Who | null>(null);

/** The person who is signed in; within `SignedIn`. */
export function useWho(): Who {
  const who = useContext(Person);
  if (who === null) throw new Error('useWho stands within SignedIn');
  return who;
}

/** Shows its children to somebody who is signed in and may be here, and lets everybody else sign in. */
export function SignedIn({ area, children }: { area: Area; children: ReactNode }) {
  const session = sessions[area];
  const state = useSyncExternalStore(session.subscribe, () => session.state);
  const { pathname, search } = useLocation();
  useEffect(() => void session.begin(), [session]);
  const signIn = (prompt?: 'login') => void session.signIn(pathname + search, prompt);

  switch (state.kind) {
    case 'starting':
      return <Loading what="Signing in" />;
    case 'signed-in':
      return <Person value={state.who}>{children}</Person>;
    case 'signed-out':
      return (
        <Message title="You are not signed in">
          <Button kind="main" onClick={() => signIn()}>
            Sign in
          </Button>
        </Message>
      );
    case 'refused':
      return area === 'dashboard' ? (
        <Message title="This part is for administrators">
          <p>The account that is signed in is none of them. An administrator can make it one; or sign in as another.</p>
          <Button onClick={() => signIn('login')}>Sign in as somebody else</Button>
          <p>
            <a href="/account">Go to your own account</a>
          </p>
        </Message>
      ) : (
        <Message title="This page is switched off">
          <p>
            It may not ask for your accounts: an administrator has taken away what the application “Strongroom” (
            <code>strongroom-dashboard</code>) was granted for them.
          </p>
        </Message>
      );
    case 'failed':
      return (
        <Message title="The sign-in did not work">
          <p>{state.message}</p>
          <Button kind="main" onClick={() => signIn()}>
            Sign in again
          </Button>
        </Message>
      );
  }
}
