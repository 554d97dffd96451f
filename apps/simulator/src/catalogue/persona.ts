import { emailOf } from '../people.js';
import { filled } from './addresses.js';
import { casesOf, type Part } from './entry.js';
import { valueMatching, varied } from './made-up.js';
import { at, isThere, put } from './pointers.js';

/** What an account is read from. One answer serves as `request` and as `userinfo`. */
export type Document = 'id_token' | 'request' | 'token' | 'callback';
type Params = Readonly<Record<string, string>>;

interface Place {
  document: Document;
  pointer: string;
}

const SAME: Record<string, Document> = { userinfo: 'request' };

const placeOf = (source: string): Place => {
  const [document, pointer] = [source.slice(0, source.indexOf('#')), source.slice(source.indexOf('#') + 1)];
  return { document: SAME[document] ?? (document as Document), pointer };
};
const isSame = (one: Place, other: Place) => one.document === other.document && one.pointer === other.pointer;

/**
 * What a provider tells about its made-up people: at the pointers where its entry looks for them, with values of the
 * kind that was recorded. Two people never have the same subject; they share a tenant.
 */
export class Persona {
  /** Lists of places, one per way to read a subject. */
  private readonly subjects: Place[][];
  private readonly tenants: Place[];
  private readonly emails: Place[];
  private readonly verified: Place[];
  private readonly labels: Place[];

  constructor(private readonly part: Part) {
    const { identity } = part.entry;
    this.subjects = identity.subject.map((alternative) => [alternative].flat().map(placeOf));
    this.tenants = identity.tenant.map(placeOf);
    this.emails = identity.email.map(placeOf);
    this.verified = identity.emailVerified.map(placeOf);
    this.labels = identity.label.map(placeOf);
  }

  /** One document about a person, over a recorded one: `known`, by default that of the fixtures; null: there is none. */
  about(document: Document, person: string, params: Params, known?: object | null): object {
    const template = known === undefined ? this.recorded(document) : (known ?? undefined);
    const body = structuredClone(template ?? {});
    for (const place of this.placesIn(document))
      if (template === undefined || isThere(body, place.pointer))
        put(body, place.pointer, this.value(place, person, params));
    const missing = template === undefined ? undefined : this.missingSubject(document, body);
    for (const place of [...(missing ?? []), ...this.demanded(document)])
      put(body, place.pointer, this.value(place, person, params));
    return body;
  }

  /** The value at a place for one person. */
  value(place: Place, person: string, params: Params): unknown {
    const required = this.required(place, params);
    if (required !== undefined) return required;
    const found = this.found(place);
    if (this.isPersonal(place)) return varied(found ?? this.madeUp(place), person);
    if (this.tenants.some((one) => isSame(one, place))) return found ?? 'simulated-tenant';
    if (this.verified.some((one) => isSame(one, place))) return true;
    const isEmail = this.emails.some((one) => isSame(one, place)) || /mail/i.test(place.pointer);
    return isEmail || (typeof found === 'string' && found.includes('@')) ? emailOf(person) : person;
  }

  /** `sub` must be the same wherever it is told (OpenID Connect Core §5.3.2). */
  sub(person: string): string {
    return String(varied(this.found({ document: 'id_token', pointer: '/sub' }) ?? this.madeUpPart(0), person));
  }

  /** A claim that fills a placeholder of the issuer: the tenant of the address where it is one, else the recorded one. */
  claim(name: string, params: Params): string {
    const { pattern, equals } = this.part.entry.params[name]!;
    const tenant = equals === undefined ? undefined : params[equals];
    const recorded = at(this.recorded('id_token'), `/${name}`);
    if (tenant !== undefined && new RegExp(pattern).test(tenant)) return tenant;
    return typeof recorded === 'string' ? recorded : (valueMatching(pattern) ?? 'simulated');
  }

  claimNames(): string[] {
    return Object.entries(this.part.entry.params).flatMap(([name, { source }]) =>
      source === 'id_token' ? [name] : [],
    );
  }

  private placesIn(document: Document): Place[] {
    const all = [this.subjects.flat(), this.tenants, this.emails, this.verified, this.labels].flat();
    const sub = { document, pointer: '/sub' };
    const own = all.filter((one) => one.document === document);
    return document === 'request' ? [...own, ...(at(this.recorded(document), '/sub') === undefined ? [] : [sub])] : own;
  }

  /** The first way to read a subject that this document has a part in, unless the document says one already. */
  private missingSubject(document: Document, body: object): Place[] | undefined {
    const isElsewhere = document === 'token' && this.subjects.flat().some((one) => one.document !== 'token');
    const ways = this.subjects
      .map((places) => places.filter((one) => one.document === document))
      .filter((places) => places.length > 0);
    const isSaid = ways.some((places) => places.every(({ pointer }) => isThere(body, pointer)));
    return isElsewhere || isSaid ? undefined : ways[0];
  }

  private isPersonal(place: Place): boolean {
    if (place.pointer === '/sub' && place.document !== 'token') return true;
    return this.subjects.some((places) => {
      const own = places.filter((one) => !this.tenants.some((tenant) => isSame(tenant, one)));
      return (own.length > 0 ? own : places).some((one) => isSame(one, place));
    });
  }

  private required({ document, pointer }: Place, params: Params): string | undefined {
    if (document !== 'id_token') return undefined;
    const name = pointer.slice(1);
    if (this.claimNames().includes(name)) return this.claim(name, params);
    const wanted = this.part.entry.identity.requireClaims?.[pointer];
    return wanted === undefined ? undefined : filled(wanted, { ...this.usualParams(), ...params });
  }

  /** Claims without which the entry takes no ID token. */
  private demanded(document: Document): Place[] {
    const pointers = document === 'id_token' ? Object.keys(this.part.entry.identity.requireClaims ?? {}) : [];
    return pointers.map((pointer) => ({ document, pointer }));
  }

  private usualParams(): Record<string, string> {
    const usual = Object.entries(this.part.entry.params).map(([name, { default: given, pattern }]) => [
      name,
      this.part.fixture?.given.params?.[name] ?? given ?? valueMatching(pattern) ?? 'simulated',
    ]);
    return Object.fromEntries(usual) as Record<string, string>;
  }

  /** Recorded at the place, or at the same part of another way to read the subject. */
  private found(place: Place): unknown {
    const { document, pointer } = place;
    if (pointer === '/sub' && document !== 'token')
      return at(this.recorded('id_token'), '/sub') ?? at(this.recorded('request'), '/sub');
    const own =
      at(this.recorded(document), pointer) ?? (document === 'token' ? at(this.tokenAnswer(), pointer) : undefined);
    if (own !== undefined && own !== null) return own;
    const way = this.subjects.find((places) => places.some((one) => isSame(one, place)));
    const part = way?.findIndex((one) => isSame(one, place)) ?? -1;
    if (!way || this.tenants.some((one) => isSame(one, place))) return undefined;
    const twins = this.subjects.filter((places) => places !== way && places.length === way.length);
    return twins
      .map((places) => at(this.recorded(places[part]!.document), places[part]!.pointer))
      .find((value) => value !== undefined && value !== null);
  }

  private madeUp(place: Place): string {
    const way = this.subjects.find((places) => places.some((one) => isSame(one, place)));
    return this.madeUpPart(way?.findIndex((one) => isSame(one, place)) ?? 0);
  }

  private madeUpPart(part: number): string {
    return `${part + 1}00000000001`;
  }

  private recorded(document: Document): object | undefined {
    const claims = document === 'id_token' ? this.part.fixture?.given.idTokenClaims : undefined;
    const names = document === 'request' ? ['request', 'userinfo'] : [document];
    const seen = casesOf(this.part).flatMap(({ documents, expect }) => [
      ...names.map((name) => documents?.[name]),
      ...(document === 'callback' ? [expect['captured']] : []),
    ]);
    const found = claims ?? seen.find((one) => typeof one === 'object' && one !== null);
    return found;
  }

  private tokenAnswer(): unknown {
    const answered = casesOf(this.part).find(({ phase, expect }) => phase === 'exchange' && expect['class'] === 'ok');
    try {
      return JSON.parse(answered?.response?.body ?? 'null') as unknown;
    } catch {
      return undefined;
    }
  }
}
