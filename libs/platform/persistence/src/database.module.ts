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
 * The one `DataSource` of a context. Import it in the context's module; two contexts in one process get one each,
 * because Nest keeps the providers of differently configured dynamic modules apart.
 */
@Module({})
export class DatabaseModule {
  static forContext(database: ContextDatabase): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        { provide: DATABASE_OPTIONS, useValue: database },
        {
          provide: DataSource,
          useFactory: () => new DataSource(contextDatabase(database)).initialize(),
        },
        CloseDatabase,
      ],
      exports: [DataSource],
    };
  }
}

/** Makes two contexts' modules differ for Nest, which compares what they are configured with. */
const DATABASE_OPTIONS = Symbol('database options');
