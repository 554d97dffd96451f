const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'" };
const unescaped = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|#39|#x27);/g, (_, name: string) => ENTITIES[name]!);

/** A page as a browser without JavaScript sees it: words and one form. */
export class Page {
  readonly title: string;
  readonly words: string;

  constructor(
    readonly url: URL,
    readonly status: number,
    readonly headers: Record<string, string>,
    readonly html: string,
  ) {
    this.title = unescaped(/<h1>([^<]*)/.exec(html)?.[1] ?? '');
    this.words = unescaped(html.replace(/<[^>]+>/g, ' ')).replace(/\s+/g, ' ');
  }

  get asksForPassword(): boolean {
    return /name="password"/.test(this.html);
  }

  hasButton(value: string): boolean {
    return this.tags('button').some((button) => button['name'] === 'action' && button['value'] === value);
  }

  /** Where the form goes. */
  get action(): string {
    return new URL(this.tags('form')[0]?.['action'] ?? this.url.href, this.url).href;
  }

  /** What the form would send: fields as they stand, with those given in their place. */
  filled(values: Record<string, string | null>): Record<string, string> {
    const fields: Record<string, string> = {};
    for (const input of this.tags('input')) {
      const chosen = !['radio', 'checkbox'].includes(input['type'] ?? 'text') || 'checked' in input;
      if (chosen && input['name']) fields[input['name']] = input['value'] ?? '';
    }
    for (const [name, value] of Object.entries(values))
      if (value === null) delete fields[name];
      else fields[name] = value;
    return fields;
  }

  private tags(name: string): Record<string, string>[] {
    const found = this.html.matchAll(new RegExp(`<${name}\\b([^>]*)>`, 'g'));
    return [...found].map(([, attributes]) =>
      Object.fromEntries(
        [...attributes!.matchAll(/([\w-]+)(?:="([^"]*)")?/g)].map(([, key, value]) => [key!, unescaped(value ?? '')]),
      ),
    );
  }
}
