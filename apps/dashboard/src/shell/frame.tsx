import type { ReactNode } from 'react';
import { NavLink } from 'react-router';
import { type Area, sessions, useWho } from '../session/index.js';
import { Button } from '../ui/index.js';

export interface Place {
  to: string;
  label: string;
  /** Lit only there, not below it. */
  exact?: boolean;
}

interface FrameProps {
  area: Area;
  places: readonly Place[];
  children: ReactNode;
}

const NAMES: Readonly<Record<Area, string>> = { account: 'Your accounts', dashboard: 'Administration' };

/** Around every page of an area: where one can go, who is signed in, and the way out. */
export function Frame({ area, places, children }: FrameProps) {
  const { name } = useWho();
  return (
    <div className="frame">
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <header className="top">
        <p className="brand">
          Strongroom <span>{NAMES[area]}</span>
        </p>
        <p className="who">
          <span>{name}</span>
          <Button onClick={() => sessions[area].signOut()}>Sign out</Button>
        </p>
      </header>
      <nav aria-label={NAMES[area]}>
        <ul>
          {places.map(({ to, label, exact }) => (
            <li key={to}>
              <NavLink to={to} end={exact ?? false}>
                {label}
              </NavLink>
            </li>
          ))}
        </ul>
      </nav>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}
