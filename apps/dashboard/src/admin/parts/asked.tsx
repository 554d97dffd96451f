import { type ReactNode, useState } from 'react';
import { Button, Confirm } from '../../ui/index.js';

interface AskedProps {
  /** On both buttons: the deed. */
  deed: string;
  /** Names what it is done to. */
  title: string;
  onConfirm: () => Promise<unknown>;
  danger?: boolean;
  /** What will happen. */
  children: ReactNode;
}

/** A button that asks before it does what has consequences. */
export function Asked({ deed, title, onConfirm, danger = false, children }: AskedProps) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button kind={danger ? 'danger' : 'plain'} onClick={() => setOpen(true)}>
        {deed}
      </Button>
      {open && (
        <Confirm {...{ title, danger, onConfirm }} confirm={deed} onClose={() => setOpen(false)}>
          {children}
        </Confirm>
      )}
    </>
  );
}
