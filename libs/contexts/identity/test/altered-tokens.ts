import { createPrivateKey, sign } from 'node:crypto';
import type { JWK } from 'jose';

export type Form = 'wrong' | 'missing' | 'array' | 'doubled';
export const FORMS: readonly Form[] = ['wrong', 'missing', 'array', 'doubled'];

/** A member of a token, and a value of it that is not right. */
export interface Member {
  part: 'header' | 'payload';
  name: string;
  wrong: unknown;
  /** That it may be missing is right. */
  isOptional?: boolean;
  /** Where a list of it can be right: one that is not. */
  array?: unknown;
}

export interface Change {
  member: Member;
  form: Form;
}

/** Members in order, each value as JSON: so one can be there twice. */
type Members = [name: string, json: string][];

/** A token that was really minted, taken apart so that it can be changed and signed again. */
export class AlteredToken {
  private constructor(
    private readonly header: Members,
    private readonly payload: Members,
  ) {}

  /** @param more members beside its own */
  static of(token: string, more: Record<string, unknown> = {}): AlteredToken {
    const [header, payload] = token
      .split('.', 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>);
    return new AlteredToken(membersOf(header!), membersOf({ ...payload, ...more }));
  }

  with(...changes: Change[]): AlteredToken {
    const changed = (part: Member['part'], members: Members): Members =>
      changes.filter(({ member }) => member.part === part).reduce(changedBy, members);
    return new AlteredToken(changed('header', this.header), changed('payload', this.payload));
  }

  withHeader(more: Record<string, unknown>): AlteredToken {
    const kept = this.header.filter(([name]) => !(name in more));
    return new AlteredToken([...kept, ...membersOf(more)], this.payload);
  }

  /** By RS256 whatever the header says. */
  signedBy(key: JWK): string {
    return this.signed((input) => sign('sha256', input, createPrivateKey({ key, format: 'jwk' })));
  }

  signed(by: (input: Buffer) => Buffer): string {
    const input = [this.header, this.payload].map(encoded).join('.');
    return `${input}.${by(Buffer.from(input)).toString('base64url')}`;
  }
}

const membersOf = (object: object): Members =>
  Object.entries(object).map(([name, value]): [string, string] => [name, JSON.stringify(value)]);

const encoded = (members: Members): string =>
  Buffer.from(`{${members.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`).toString('base64url');

function changedBy(members: Members, { member: { name, wrong, array }, form }: Change): Members {
  return members.flatMap(([one, json]): Members => {
    if (one !== name) return [[one, json]];
    if (form === 'missing') return [];
    if (form === 'wrong') return [[one, JSON.stringify(wrong)]];
    if (form === 'array') return [[one, array === undefined ? `[${json}]` : JSON.stringify(array)]];
    // The right one last: it is the one that JSON.parse keeps.
    return [
      [one, JSON.stringify(wrong)],
      [one, json],
    ];
  });
}
