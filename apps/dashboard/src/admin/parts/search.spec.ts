import { anyPartOf, exactly } from './search.js';

describe('what administrators look for', () => {
  it('may be any part of any word, and means nothing else to the API', () => {
    expect(anyPartOf(' Ali  @example.com ')).toBe('*Ali* *@example.com*');
    expect(anyPartOf('name:a "b" * OR -c')).toBe('*namea* *b* *OR* *-c*');
    expect(anyPartOf('" "')).toBe('');
  });

  it('may be exactly one thing', () => {
    expect(exactly('client_id', ' a"b ')).toBe('client_id:"ab"');
    expect(exactly('client_id', ' ')).toBe('');
  });
});
