import { isCallback, isUsableRedirectUri, withParams } from './redirect-uri.js';

const web = { appType: 'regular_web', callbacks: ['https://app.example.com/done', 'com.example.app:/done'] };
const native = { appType: 'native', callbacks: ['http://127.0.0.1/done', 'http://[::1]:4000/done?x=1'] };

describe('redirect URIs', () => {
  it('CN-17 takes nothing but the registered string, whatever 100,000 mutations do to it', () => {
    const [registered] = web.callbacks as [string];
    const odd = ['/', '\\', '@', '#', '?', ':8443', '%2e', '%2E%2E/', '..', '//', ' ', '\t', 'é', '.', ';', '&', 'A'];
    const at = (n: number, length: number) => (n * 7919) % length;
    let tried = 0;
    for (let n = 0; n < 100_000; n++) {
      const place = at(n, registered.length + 1);
      const piece = odd[n % odd.length]!.repeat(1 + (Math.floor(n / odd.length) % 3));
      const cut = Math.floor(n / 1000) % 4;
      const flipped = n % 5 === 0 ? registered.slice(place).toUpperCase() : registered.slice(place + cut);
      const mutated = registered.slice(0, place) + piece + flipped;
      if (mutated === registered) continue;
      tried++;
      if (isCallback(mutated, web)) throw new Error(`${mutated} was taken`);
      if (isCallback(mutated, { ...web, appType: 'native' })) throw new Error(`${mutated} was taken of a native app`);
    }
    expect(tried).toBeGreaterThan(99_000);
    expect(isCallback(registered, web)).toBe(true);
  });

  it.each([
    ['http://127.0.0.1:51001/done', true],
    ['http://127.0.0.1/done', true],
    ['http://[::1]:9/done?x=1', true],
    ['http://[::1]/done', false],
    ['http://127.0.0.1:51001/Done', false],
    ['http://127.0.0.1:70000/done', false],
    ['http://127.0.0.1:51001@evil.example/done', false],
    ['http://127.0.0.1.evil.example/done', false],
    ['http://127.0.0.1:51001\\@evil.example/done', false],
    ['http://localhost:51001/done', false],
    ['https://127.0.0.1:51001/done', false],
  ])('CN-17 leaves only the port of a loopback address to a native app: %s', (uri, expected) => {
    expect(isCallback(uri, native)).toBe(expected);
    expect(isCallback(uri, { ...native, appType: 'regular_web' })).toBe(native.callbacks.includes(uri));
  });

  it.each([
    ['https://app.example.com/done#part', false],
    ['/done', false],
    ['https://app.example.com/a b', false],
    ['https:\\\\app.example.com', false],
    ['com.example.app:/done', true],
    ['https://app.example.com/done?x=1', true],
  ])('knows what can be an address at all: %s', (uri, expected) => {
    expect(isUsableRedirectUri(uri)).toBe(expected);
  });

  it.each([
    ['https://a.example/d', 'https://a.example/d?state=%3D%3D%20%2B'],
    ['https://a.example/d?x=1', 'https://a.example/d?x=1&state=%3D%3D%20%2B'],
    ['https://a.example/d?', 'https://a.example/d?state=%3D%3D%20%2B'],
    ['com.example:/d', 'com.example:/d?state=%3D%3D%20%2B'],
  ])('appends to whatever query %s has', (uri, expected) => {
    expect(withParams(uri, { state: '== +' })).toBe(expected);
  });
});
