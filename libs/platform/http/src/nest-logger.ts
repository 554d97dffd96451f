import { ConsoleLogger } from '@nestjs/common';

/** What Nest says for itself. A start that fails is explained, in one line, by who tried it. */
export class NestLogger extends ConsoleLogger {
  constructor() {
    super({ logLevels: ['error', 'warn', 'fatal'] });
  }

  override error(message: unknown, ...more: [stack?: string, context?: string]): void {
    if (more.at(-1) !== 'ExceptionHandler') super.error(message, ...more);
  }
}
