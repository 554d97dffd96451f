import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Subject } from '@strongroom/contracts';

const ENTRIES = 50_000;

/**
 * Whom a subject token led to last time, under its SHA-256. A hint only: it says where to look while `identity`
 * decides, and is compared with what `identity` says (`design.md` §5). Nothing is allowed because of it.
 */
@Injectable()
export class RememberedSubjects {
  private readonly subjects = new Map<string, Subject>();

  get(token: string): Subject | undefined {
    return this.subjects.get(hash(token));
  }

  set(token: string, subject: Subject): void {
    const key = hash(token);
    this.subjects.delete(key);
    this.subjects.set(key, subject);
    if (this.subjects.size > ENTRIES) this.subjects.delete(this.subjects.keys().next().value!);
  }
}

const hash = (token: string): string => createHash('sha256').update(token).digest('base64');
