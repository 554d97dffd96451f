import type { ReactNode } from 'react';
import { Button } from './button.js';

export type Tone = 'good' | 'info' | 'warn' | 'bad';

/** A sentence that must not be missed; read out when it appears. */
export function Notice({ tone = 'info', children }: { tone?: Tone; children: ReactNode }) {
  return (
    <div className={`notice ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      {children}
    </div>
  );
}

/** A word in a colour; the word alone must say it. */
export const Status = ({ tone = 'info', children }: { tone?: Tone; children: ReactNode }) => (
  <span className={`status ${tone}`}>{children}</span>
);

/** Nothing is there, and what to do about it. */
export const Empty = ({ title, children }: { title: string; children?: ReactNode }) => (
  <div className="empty">
    <p className="empty-title">{title}</p>
    {children}
  </div>
);

export const Loading = ({ what }: { what: string }) => (
  <p className="loading" role="status">
    {what}…
  </p>
);

/** What went wrong, in the words of our API, and a way on. */
export function Problem({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <Notice tone="bad">
      <p>{error instanceof Error ? error.message : 'That did not work.'}</p>
      {retry && <Button onClick={retry}>Try again</Button>}
    </Notice>
  );
}
