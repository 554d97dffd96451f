import { useState } from 'react';
import { Button, Dialog, Form, TextField } from '../../ui/index.js';
import { textOf } from '../parts/words.js';
import { type Context, type ParkedEvent, useDrop } from './parked.queries.js';

/** Gives an event up, with the reason that the log keeps. */
export function DropEvent({ context, event: { id, type, topic } }: { context: Context; event: ParkedEvent }) {
  const [open, setOpen] = useState(false);
  const drop = useDrop(context);
  return (
    <>
      <Button kind="danger" onClick={() => setOpen(true)}>
        Drop
      </Button>
      {open && (
        <Dialog title={`Drop ${type ?? topic}?`} onClose={() => setOpen(false)}>
          <p>It is never handled. Drop it only if what it tells was made good in another way.</p>
          <Form
            danger
            submit="Drop the event"
            onCancel={() => setOpen(false)}
            onSubmit={async (values) => {
              await drop.mutateAsync({ id, reason: textOf(values.get('reason')) });
              setOpen(false);
            }}
          >
            <TextField label="Reason" name="reason" required maxLength={200} hint="The log of the service keeps it." />
          </Form>
        </Dialog>
      )}
    </>
  );
}
