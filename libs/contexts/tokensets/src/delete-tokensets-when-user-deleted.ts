import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { People, userDeleted, type WireEvent } from '@strongroom/contracts';
import { type Delivery, OnEvent } from '@strongroom/messaging';
import { TokensetsService } from './tokensets.service.js';

/** As with connections: nobody's tokens go while identity still knows the person. */
@Controller()
export class DeleteTokensetsWhenUserDeleted {
  constructor(
    private readonly people: People,
    private readonly tokensets: TokensetsService,
  ) {}

  @OnEvent(userDeleted, 'tokensets')
  async handle(@Payload() wire: WireEvent, @Ctx() delivery: Delivery): Promise<void> {
    const { personId } = userDeleted.read(wire).data;
    if (await this.people.get(personId)) return;
    const revoking = await this.tokensets.revoking({ personId });
    const shredded = await delivery.transaction((tx) =>
      this.tokensets.erase(tx, { personId }, { reason: 'user_deleted', actor: { kind: 'system' }, revoking }),
    );
    this.tokensets.forget(shredded);
  }
}
