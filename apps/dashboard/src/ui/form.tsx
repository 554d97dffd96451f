import { createContext, type ReactNode, useContext, useId, useState } from 'react';
import { ApiProblem, type FieldProblem } from '../api/problem.js';
import { Button } from './button.js';
import { keepFocus } from './keep-focus.js';
import { Problem } from './states.js';

const Refused = createContext<readonly FieldProblem[]>([]);

interface FormProps {
  /** On the button. */
  submit: string;
  danger?: boolean;
  onSubmit: (values: FormData) => Promise<unknown>;
  onCancel?: () => void;
  children: ReactNode;
}

/** A form that calls one of our APIs. A refusal stands above its buttons, and at the fields that it names. */
export function Form({ submit, danger = false, onSubmit, onCancel, children }: FormProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const fields = error instanceof ApiProblem ? error.fields : [];
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const part = event.currentTarget.closest('section, main');
        setBusy(true);
        setError(null);
        onSubmit(new FormData(event.currentTarget))
          .catch(setError)
          .finally(() => {
            setBusy(false);
            keepFocus(part);
          });
      }}
    >
      <Refused value={fields}>{children}</Refused>
      {error !== null && <Problem error={error} />}
      <div className="actions">
        <Button kind={danger ? 'danger' : 'main'} type="submit" busy={busy}>
          {submit}
        </Button>
        {onCancel && <Button onClick={onCancel}>Cancel</Button>}
      </div>
    </form>
  );
}

interface FieldProps {
  label: string;
  name: string;
  hint?: ReactNode;
  required?: boolean;
}

/** Label, hint and refusal around one control, tied to it for those who hear the page. */
function Field({
  label,
  name,
  hint,
  children,
}: FieldProps & {
  children: (ties: { id: string; name: string; 'aria-describedby'?: string; 'aria-invalid'?: true }) => ReactNode;
}) {
  const id = useId();
  const problems = useContext(Refused).filter(({ field }) => field === name);
  const described = [hint ? `${id}-hint` : '', problems.length > 0 ? `${id}-problem` : ''].filter(Boolean).join(' ');
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {children({
        id,
        name,
        ...(described ? { 'aria-describedby': described } : {}),
        ...(problems.length > 0 ? { 'aria-invalid': true } : {}),
      })}
      {problems.length > 0 && (
        <p className="refused" id={`${id}-problem`}>
          {problems.map(({ detail }) => detail).join('; ')}
        </p>
      )}
    </div>
  );
}

interface TextFieldProps extends FieldProps {
  defaultValue?: string;
  /** More than one line. */
  lines?: number;
  type?: 'text' | 'password' | 'email' | 'url' | 'number' | 'datetime-local';
  maxLength?: number;
  placeholder?: string;
  readOnly?: boolean;
  autoFocus?: boolean;
}

/** A secret (`password`) is never suggested, kept or corrected by the browser. */
export function TextField({ lines, type = 'text', hint, label, name, ...rest }: TextFieldProps) {
  const control = { ...rest, autoComplete: type === 'password' ? 'new-password' : 'off', spellCheck: false };
  return (
    <Field {...{ label, name, hint }}>
      {(ties) =>
        lines === undefined ? (
          <input type={type} {...control} {...ties} />
        ) : (
          <textarea rows={lines} {...control} {...ties} />
        )
      }
    </Field>
  );
}

interface SelectFieldProps extends FieldProps {
  options: readonly { value: string; label: string }[];
  defaultValue?: string;
  /** Instead, with `onChange`, where the choice is kept elsewhere. */
  value?: string;
  onChange?: (value: string) => void;
}

export function SelectField({ options, onChange, hint, label, name, ...rest }: SelectFieldProps) {
  return (
    <Field {...{ label, name, hint }}>
      {(ties) => (
        <select {...rest} {...ties} {...(onChange ? { onChange: (event) => onChange(event.target.value) } : {})}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface CheckFieldProps extends FieldProps {
  defaultChecked?: boolean;
  value?: string;
}

/** In the `FormData` when it is ticked: as `on`, or as its `value`. */
export function CheckField({ label, name, hint, ...rest }: CheckFieldProps) {
  const id = useId();
  return (
    <div className="check">
      <input type="checkbox" id={id} name={name} {...(hint ? { 'aria-describedby': `${id}-hint` } : {})} {...rest} />
      <label htmlFor={id}>{label}</label>
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** What stands in a field of text, without space around it. */
export function fieldText(values: FormData, name: string): string {
  const value = values.get(name);
  return typeof value === 'string' ? value.trim() : '';
}
