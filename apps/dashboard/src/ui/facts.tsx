import { type ReactNode, useState } from 'react';
import { Button } from './button.js';

/** Names and values. What is null or undefined is left out. */
export const Facts = ({ of }: { of: readonly (readonly [name: string, value: ReactNode])[] }) => (
  <dl className="facts">
    {of
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
  </dl>
);

/** An instant, in the person's own language and zone; the exact one on hover. */
export function Time({ at }: { at: string | null | undefined }) {
  if (!at) return <>never</>;
  const shown = new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  return (
    <time dateTime={at} title={at}>
      {shown}
    </time>
  );
}

/** Words that machines gave: ids, scopes, addresses. */
export const Mono = ({ children }: { children: ReactNode }) => <code>{children}</code>;

export function Scopes({ of }: { of: readonly string[] }) {
  if (of.length === 0) return <>none</>;
  return (
    <ul className="scopes">
      {of.map((scope) => (
        <li key={scope}>
          <code>{scope}</code>
        </li>
      ))}
    </ul>
  );
}

/** A text to take elsewhere. */
export function Copyable({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <span className="copyable">
      <code>{text}</code>
      <Button
        aria-label={`Copy ${label}`}
        onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
      >
        {copied ? 'Copied' : 'Copy'}
      </Button>
    </span>
  );
}
