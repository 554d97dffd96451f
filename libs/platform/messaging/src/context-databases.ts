import type { ModulesContainer } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { MESSAGING_CONTEXT } from './messaging.module.js';

/** The database of every context of the application: what its module imports beside `MessagingModule.forContext`. */
export function contextDatabases(modules: ModulesContainer): Map<string, DataSource> {
  const found = new Map<string, DataSource>();
  for (const { imports } of modules.values()) {
    let context: unknown;
    let database: unknown;
    for (const { providers } of imports) {
      context ??= providers.get(MESSAGING_CONTEXT)?.instance;
      database ??= providers.get(DataSource)?.instance;
    }
    if (typeof context === 'string' && database instanceof DataSource) found.set(context, database);
  }
  return found;
}
