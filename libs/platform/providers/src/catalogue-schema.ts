import { z } from 'zod';
import type { ProviderSettings } from './provider-entry.js';

export interface SettingsFault {
  pointer: string;
  message: string;
}

/** What is wrong with settings of one connection (`options.provider_settings`); empty: nothing. */
export function checkProviderSettings(value: unknown): SettingsFault[] {
  return typeof value === 'object' ? [] : [{ pointer: '', message: 'must be object' }];
}

/** The same as a schema, for the options it is a part of. */
export const providerSettings = z.unknown().transform((value, context) => {
  for (const { pointer, message } of checkProviderSettings(value))
    context.addIssue({ code: 'custom', path: pathOf(pointer), message });
  return value as ProviderSettings;
});

const pathOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
