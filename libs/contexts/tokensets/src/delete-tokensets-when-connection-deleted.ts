import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { connectionDeleted, ConnectionDirectory, type WireEvent } from '@strongroom/contracts';
import { type Delivery, OnEvent } from '@strongroom/messaging';
import { TokensetsService } from './tokensets.service.js';

/** The event is a hint: tokens are erased only if the owner of connections says that this one is gone. */
@Controller()
export class DeleteTokensetsWhenConnectionDeleted {
  constructor(
    private readonly directory: ConnectionDirectory,
    private readonly tokensets: TokensetsService,
  ) {}

  @OnEvent(connectionDeleted, 'tokensets')
  async handle(@Payload() wire: WireEvent, @Ctx() delivery: Delivery): Promise<void> {
    const { connectionId } = connectionDeleted.read(wire).data;
    if (await this.directory.byId(connectionId, null)) return;
    const revoking = await this.tokensets.revoking({ connectionId });
    const shredded = await delivery.transaction((tx) =>
      this.tokensets.erase(tx, { connectionId }, { reason: 'connection_deleted', actor: { kind: 'system' }, revoking }),
    );
    this.tokensets.forget(shredded);
  }
}
