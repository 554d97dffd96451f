import { Injectable, type OnApplicationShutdown, type Provider } from '@nestjs/common';
import { PreparedReads } from '@strongroom/persistence';
import { DataSource } from 'typeorm';

@Injectable()
class CloseSubjectReads implements OnApplicationShutdown {
  constructor(private readonly reads: PreparedReads) {}

  onApplicationShutdown(): Promise<void> {
    return this.reads.close();
  }
}

/** The small pool of the exchange's read, beside the context's own. */
export const subjectReads: Provider[] = [
  {
    provide: PreparedReads,
    useFactory: ({ options }: DataSource) => {
      const { url, schema } = options as { url: string; schema: string };
      return new PreparedReads(url, schema);
    },
    inject: [DataSource],
  },
  CloseSubjectReads,
];
