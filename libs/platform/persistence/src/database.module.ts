import { type DynamicModule, Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { contextDatabase, type ContextDatabase } from './context-database.js';

/** Closes last: `onApplicationShutdown` runs after every `onModuleDestroy` and `beforeApplicationShutdown`. */
@Injectable()
class CloseDatabase implements OnApplicationShutdown {
  constructor(@Inject(DataSource) private readonly database: DataSource) {}

  async onApplicationShutdown(): Promise<void> {
    if (this.database.isInitialized) await this.database.destroy();
  }
}

/**
 * The one `DataSource` of a context, for the context's own module to import. Two contexts in one process get one each:
 * Nest tells dynamic modules apart by reference.
 */
@Module({})
export class DatabaseModule {
  static forContext(database: ContextDatabase): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        { provide: DataSource, useFactory: () => new DataSource(contextDatabase(database)).initialize() },
        CloseDatabase,
      ],
      exports: [DataSource],
    };
  }
}
