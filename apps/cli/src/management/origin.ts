import { InvalidArgumentError } from 'commander';

/** The address of an installation, as `--url` gives it. */
export function origin(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new InvalidArgumentError('It is an http or https address.');
  return text;
}
