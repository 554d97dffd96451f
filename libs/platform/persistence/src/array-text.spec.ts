import { arrayText } from './array-text.js';

describe('arrayText', () => {
  it('writes ids as they are and quotes whatever else Postgres could take for something of its own', () => {
    expect(arrayText(['ex_1-a.b:c', 'null', 'NULL', '', 'a b', 'say "x"', 'back\\slash', '{', ','])).toBe(
      '{ex_1-a.b:c,"null","NULL","","a b","say \\"x\\"","back\\\\slash","{",","}',
    );
  });

  it('knows nothing, numbers and bytes', () => {
    expect(arrayText([null, undefined, 7, true, Buffer.from([1, 255])])).toBe('{NULL,NULL,7,true,"\\\\x01ff"}');
    expect(arrayText([])).toBe('{}');
  });
});
