import { needlesOf } from './needles.js';
import { Search } from './search.js';

describe('the search for leaks', () => {
  const secret = 'cnry_rt_Zx81+/q_mMne4-planted-in-a-test';
  const search = new Search(needlesOf([secret, 'cnry_at_something-else']));
  const around = (text: string, before: number) =>
    Buffer.concat([Buffer.alloc(before, 7), Buffer.from(text), Buffer.alloc(5)]);

  it.each([
    ['as it is', (text: string) => text],
    ['in a URL', encodeURIComponent],
    ['as bytea', (text: string) => Buffer.from(text).toString('hex')],
    ['cut after 16 characters', (text: string) => text.slice(0, 16)],
    ['in base64', (text: string) => Buffer.from(text).toString('base64')],
    ['in base64url', (text: string) => Buffer.from(text).toString('base64url')],
    ['in the middle of base64, one byte in', (text: string) => Buffer.from(`{${text}}`).toString('base64')],
    ['in the middle of base64url, two bytes in', (text: string) => Buffer.from(`{"${text}"`).toString('base64url')],
  ])('finds a secret %s, wherever it stands', (_, written) => {
    for (const before of [0, 1, 8191])
      expect(search.in('here', around(written(secret), before))).toEqual([
        expect.objectContaining({ where: 'here', secret: 0 }),
      ]);
  });

  it('finds nothing where nothing is', () => {
    expect(search.in('here', Buffer.from('cnry_rt_ and cnry_at_ are only how secrets begin'))).toEqual([]);
  });

  it('tells JWTs apart by their end', () => {
    const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.3q2-7wAAc2lnbmF0dXJlLW9mLWEtdGVzdC1vbmx5';
    const find = new Search(needlesOf([jwt]));
    expect(find.in('here', Buffer.from(jwt))).toHaveLength(1);
    expect(find.in('here', Buffer.from('eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.another'))).toEqual([]);
  });
});
