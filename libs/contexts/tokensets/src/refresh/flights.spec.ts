import { Flights } from './flights.js';

describe('flights', () => {
  it('end with the process: one that never lands keeps no shutdown up for ever', async () => {
    const flights = new Flights<void>();
    void flights.join(
      'held',
      () => new Promise(() => undefined),
      () => new Error('closed'),
    );
    await flights.close(20);
    await expect(
      flights.join(
        'other',
        () => Promise.resolve(),
        () => new Error('closed'),
      ),
    ).rejects.toThrow('closed');
  });
});
