import { Get } from '@nestjs/common';
import type { BearerIdentity } from '@strongroom/contracts';
import { Answers, Caller, MyAccountApi, pageSchema, ParsedQuery, Scopes } from '@strongroom/http';
import { z } from 'zod';
import { receiptAnswer } from './receipt.js';
import { ReceiptsService } from './receipts.service.js';

const query = z.strictObject({
  account: z
    .string()
    .max(64)
    .regex(/^cac_[A-Za-z0-9]+$/, 'must be the id of a connected account')
    .optional(),
  client_id: z.string().min(1).max(64).optional(),
  from: z.string().min(1).max(200).optional(),
  take: z
    .string()
    .regex(/^\d{1,6}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(1).max(100))
    .default(50),
});

/** A person's own: what was done with their accounts, by whom, and what was refused. */
@MyAccountApi('receipts')
export class ReceiptsController {
  constructor(private readonly receipts: ReceiptsService) {}

  @Get()
  @Answers(200, pageSchema('receipts', receiptAnswer))
  @Scopes('read:me:receipts')
  list(@Caller() { personId }: BearerIdentity, @ParsedQuery(query) asked: z.output<typeof query>) {
    const { account, client_id: clientId, from, take } = asked;
    return this.receipts.list({ personId: personId!, account, clientId }, { from, take });
  }
}
