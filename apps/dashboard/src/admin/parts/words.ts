/** Scopes, addresses and the like as somebody types them, one in a line or between spaces; each once. */
export const wordsOf = (text: FormDataEntryValue | null): string[] =>
  typeof text === 'string' ? [...new Set(text.split(/\s+/).filter((word) => word !== ''))] : [];

/** What a field holds, without space around it. */
export const textOf = (text: FormDataEntryValue | null): string => (typeof text === 'string' ? text.trim() : '');
