/**
 * Where the addresses of a provider are here: `https://HOST/PATH` at `{origin}/{id}/HOST/PATH`. No two addresses meet,
 * placeholders stay placeholders, and the way back is as plain.
 */
export class Addresses {
  readonly base: string;

  constructor(
    readonly origin: string,
    id: string,
  ) {
    this.base = `${origin}/${id}/`;
  }

  here(url: string): string {
    return url.replace(/^https?:\/\//, this.base);
  }

  there(url: string): string {
    return url.startsWith(this.base) ? `https://${url.slice(this.base.length)}` : url;
  }
}

export const placeholdersOf = (template: string): string[] =>
  [...template.matchAll(/\{([A-Za-z_][\w-]*)\}/g)].map(([, name]) => name!);

export const filled = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replace(/\{([A-Za-z_][\w-]*)\}/g, (whole, name: string) => values[name] ?? whole);
