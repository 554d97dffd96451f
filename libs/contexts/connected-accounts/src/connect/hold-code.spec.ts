import { connectCodeSeconds } from './hold-code.js';

describe('the life of a connect_code', () => {
  it.each([
    [undefined, 60],
    [600, 60],
    [65, 60],
    [64, 59],
    [30, 25],
    [5, 1],
    [1, 1],
  ])('is, where the provider’s code lives %s seconds, %s seconds', (codeTtlSeconds, seconds) => {
    expect(connectCodeSeconds(codeTtlSeconds === undefined ? {} : { codeTtlSeconds })).toBe(seconds);
  });
});
