import { Dialog, fieldText, Form, TextField } from '../ui/index.js';
import { type Account, useAccountChanges } from './accounts.queries.js';

export function RenameDialog({ account, onClose }: { account: Account; onClose: () => void }) {
  const { rename } = useAccountChanges(account);
  return (
    <Dialog title="Rename the account" onClose={onClose}>
      <Form
        submit="Save"
        onCancel={onClose}
        onSubmit={async (values) => {
          const label = fieldText(values, 'label');
          await rename.mutateAsync(label === '' ? null : label);
          onClose();
        }}
      >
        <TextField
          label="Name"
          name="label"
          maxLength={80}
          defaultValue={account.label ?? ''}
          hint="Applications may show it, and ask for the account by it. Empty: the name that the service gives it."
        />
      </Form>
    </Dialog>
  );
}
