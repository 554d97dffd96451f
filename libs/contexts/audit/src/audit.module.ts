import { type DynamicModule, Module } from '@nestjs/common';
import { MessagingModule } from '@strongroom/messaging';
import { DatabaseModule } from '@strongroom/persistence';
import { auditDatabase } from './audit.database.js';
import { Ledger } from './ledger.js';
import { LogsController } from './logs.controller.js';
import { LogsService } from './logs.service.js';
import { NamesOfThings } from './names.js';
import { ReceiptsController } from './receipts.controller.js';
import { ReceiptsService } from './receipts.service.js';
import { RecordWhenAnythingHappened } from './record-when-anything-happened.js';

export interface AuditOptions {
  databaseUrl: string;
}

/** Takes part in everything by listening; nobody waits for it. */
@Module({})
export class AuditModule {
  static forRoot({ databaseUrl }: AuditOptions): DynamicModule {
    return {
      module: AuditModule,
      imports: [DatabaseModule.forContext(auditDatabase(databaseUrl)), MessagingModule.forContext('audit')],
      controllers: [LogsController, ReceiptsController, RecordWhenAnythingHappened],
      providers: [Ledger, LogsService, NamesOfThings, ReceiptsService],
    };
  }
}
