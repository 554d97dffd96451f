import { useState } from 'react';
import { CheckField, Mono, TextField } from '../../ui/index.js';
import { found, type Permission } from './catalogue.js';

const FEW = 8;

interface PermissionPickerProps {
  permissions: readonly Permission[];
  /** Name of a provider whose own settings say it, so that nobody asks for scopes. */
  setAtProvider: string | null;
}

/** What apps ask for when they name nothing themselves. The list is no limit: any other scope can be typed. */
export function PermissionPicker({ permissions, setAtProvider }: PermissionPickerProps) {
  const [words, setWords] = useState('');
  if (setAtProvider !== null) return <p>Permissions are set in the app at {setAtProvider}.</p>;
  const shown = new Set(found(permissions, words));
  return (
    <fieldset>
      <legend>Permissions</legend>
      <p className="hint">Asked for unless a request names its own. What the vault needs besides, it adds by itself.</p>
      {permissions.length > FEW && (
        <div className="field">
          <label htmlFor="find-permission">Find a permission</label>
          <input
            id="find-permission"
            type="search"
            value={words}
            onChange={(event) => setWords(event.target.value)}
            onKeyDown={(event) => event.key === 'Enter' && event.preventDefault()}
          />
        </div>
      )}
      {permissions.map((one) => (
        // Out of sight, not out of the form: what was ticked stays so.
        <div key={one.value} hidden={!shown.has(one)}>
          <CheckField
            name="permission"
            value={one.value}
            label={one.sensitive ? `${one.label} (sensitive)` : one.label}
            hint={<Mono>{one.value}</Mono>}
          />
        </div>
      ))}
      <TextField
        label={permissions.length > 0 ? 'Further permissions' : 'Scopes'}
        name="scopes"
        lines={3}
        hint="Scopes as the provider spells them, one in a line or between spaces."
      />
    </fieldset>
  );
}
