import { useLayoutEffect, useRef } from 'react';

/**
 * Has the fields of a form show what the address asks for, also after somebody went back. They are not drawn anew for it:
 * who has just pressed Enter in one of them stays there. Before anything is painted, so that nobody sees them empty.
 * Only when the address changes: a list that comes late must not take back what was chosen meanwhile.
 */
export function useAskedFields(parameters: URLSearchParams) {
  const form = useRef<HTMLFormElement>(null);
  const asked = parameters.toString();
  useLayoutEffect(() => {
    const values = new URLSearchParams(asked);
    for (const field of form.current?.elements ?? [])
      if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement)
        field.value = values.get(field.name) ?? '';
  }, [asked]);
  return form;
}
