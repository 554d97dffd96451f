import { type ReactNode, useId, useLayoutEffect, useRef, useState } from 'react';
import { Button } from './button.js';
import { keepFocus } from './keep-focus.js';
import { Problem } from './states.js';

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
}

/** Over the page, for as long as it is rendered; Escape closes it, and the focus goes back to where it was. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Before it is taken out of the page: only then does the browser give the focus back.
  useLayoutEffect(() => {
    const shown = dialog.current!;
    const page = shown.closest('main');
    shown.showModal();
    return () => {
      shown.close();
      keepFocus(page);
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}

interface ConfirmProps extends DialogProps {
  /** On the button: the deed, not "OK". */
  confirm: string;
  danger?: boolean;
  /** Done, the dialog closes; refused, it stays and says why. */
  onConfirm: () => Promise<unknown>;
}

/** Asks before something that cannot be undone. `children` say what will happen. */
export function Confirm({ title, confirm, danger = false, onConfirm, onClose, children }: ConfirmProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const act = () => {
    setBusy(true);
    setError(null);
    onConfirm()
      .then(onClose, setError)
      .finally(() => setBusy(false));
  };
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      {error !== null && <Problem error={error} />}
      <div className="actions">
        <Button kind={danger ? 'danger' : 'main'} busy={busy} onClick={act}>
          {confirm}
        </Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
    </Dialog>
  );
}
