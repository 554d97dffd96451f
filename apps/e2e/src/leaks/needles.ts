const LENGTH = 16;

export interface Needle {
  /** Which secret, by its place in the list: the secret itself is never printed. */
  secret: number;
  form: string;
  bytes: Buffer;
}

/** How the beginning of a secret may be written down. The whole secret in the same form begins like that. */
export function needlesOf(secrets: readonly string[]): Needle[] {
  return secrets.flatMap((secret, i) => {
    // Every JWT begins alike; its signature is its own.
    const part = secret.startsWith('eyJ') ? secret.slice(-LENGTH * 2) : secret.slice(0, LENGTH);
    return [...new Map(forms(part).map(([form, text]) => [text, form]))].map(([text, form]) => ({
      secret: i,
      form,
      bytes: Buffer.from(text, 'latin1'),
    }));
  });
}

function forms(text: string): [form: string, text: string][] {
  const bytes = Buffer.from(text, 'utf8');
  const hex = bytes.toString('hex');
  return [
    ['raw', text],
    ['url-encoded', encodeURIComponent(text)],
    ['hex', hex],
    ['HEX', hex.toUpperCase()],
    ['backwards', [...text].reverse().join('')],
    ['utf-16', bytes.toString('latin1').replace(/./g, '$&\0')],
    ...([0, 1, 2] as const).flatMap((shift): [string, string][] => {
      const text64 = shifted(bytes, shift);
      return [
        [`base64 at ${shift}`, text64],
        [`base64url at ${shift}`, text64.replaceAll('+', '-').replaceAll('/', '_')],
      ];
    }),
  ];
}

/** The characters of base64 that depend on these bytes alone, when `shift` other bytes stand before them. */
function shifted(bytes: Buffer, shift: number): string {
  const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
  return encoded.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
}
