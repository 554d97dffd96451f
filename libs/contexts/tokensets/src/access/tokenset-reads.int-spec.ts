import { randomInt, randomUUID } from 'node:crypto';
import { Bench } from '../../test/bench.js';
import { TokensetReads } from './tokenset-reads.js';

describe('what many read together', () => {
  let bench: Bench;
  const people: { personId: string; connectionId: string }[] = [];

  beforeAll(async () => {
    bench = await Bench.start();
    const shared = await bench.connection();
    for (const accounts of [1, 1, 2, 3]) {
      const personId = bench.person();
      for (let i = 0; i < accounts; i++) {
        bench.provider.subject = `upstream-${randomUUID()}`;
        await bench.vault.redeem(await bench.redeemRequest(personId, shared));
      }
      people.push({ personId, connectionId: shared });
    }
    people.push(await bench.connected());
    await bench.sql.query(`UPDATE tokensets SET paused_client_ids = '{paused}' WHERE person_id = $1`, [
      people[2]!.personId,
    ]);
  });
  afterAll(() => bench.stop());

  const read = async ([personId, connectionId, clientId]: readonly [string, string, string]) => {
    const found = await bench.app.get(TokensetReads).ofPerson(personId, connectionId, clientId);
    return found.map(({ readAt: _, life: { now: __, ...life }, ...rest }) => ({ ...rest, life }));
  };
  const one = <T>(of: readonly T[]): T => of[randomInt(of.length)]!;

  it('is for each, in any group, what they would have read alone; a value that cannot be read fails alone', async () => {
    const connections = [...people.map(({ connectionId }) => connectionId), 'con_none', 'NULL', '{"a",\\', ''];
    const clients = ['app', 'paused', '"', 'a,b'];
    const strange = Array.from({ length: 20 }, () => {
      const { personId } = one([...people, { personId: randomUUID() }]);
      return [personId, one(connections), one(clients)] as const;
    });
    const theirs = people.map(({ personId, connectionId }) => [personId, connectionId, one(clients)] as const);
    const asked = [...strange, ...theirs, [randomUUID(), 'con_none', 'app'] as const];
    const alone: Awaited<ReturnType<typeof read>>[] = [];
    for (const values of asked) alone.push(await read(values));
    expect(new Set(alone.map(({ length }) => length))).toEqual(new Set([0, 1, 2, 3]));

    const odd = [['no uuid', 'con_none', 'app'] as const, [people[0]!.personId, 'a\0b', 'app'] as const];
    for (let round = 0; round < 40; round++) {
      const group = Array.from({ length: randomInt(1, 130) }, () => randomInt(asked.length));
      const bad = round % 4 === 0 ? odd.map((values) => read(values)) : [];
      const [good, refused] = await Promise.all([
        Promise.all(group.map((place) => read(asked[place]!))),
        Promise.allSettled(bad),
      ]);
      expect(good).toEqual(group.map((place) => alone[place]));
      for (const { status } of refused) expect(status).toBe('rejected');
    }
  });
});
