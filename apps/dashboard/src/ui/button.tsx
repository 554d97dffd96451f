import type { ButtonHTMLAttributes } from 'react';
import { Link } from 'react-router';

export type ButtonKind = 'main' | 'plain' | 'danger';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: ButtonKind;
  /** Works on it: cannot be pressed again, and says so; it stays where somebody is who got here by keyboard. */
  busy?: boolean;
}

export function Button({ kind = 'plain', busy = false, type = 'button', className, onClick, ...rest }: ButtonProps) {
  return (
    <button
      {...rest}
      type={type}
      className={['button', kind, className].filter(Boolean).join(' ')}
      // Not `disabled`, which takes the focus from it; a form is sent by this click, by Enter in a field too.
      onClick={busy ? (event) => event.preventDefault() : onClick}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
    />
  );
}

/** Looks like a button and goes to another page of this app. */
export function ButtonLink({ to, kind = 'plain', children }: { to: string; kind?: ButtonKind; children: string }) {
  return (
    <Link to={to} className={`button ${kind}`}>
      {children}
    </Link>
  );
}
