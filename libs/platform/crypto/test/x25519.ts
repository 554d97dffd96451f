/**
 * RFC 7748 §5, with big integers: slow, not in constant time, and nobody else's code. It is here so that the second
 * implementation owes nothing to the one it is compared with.
 */

const P = 2n ** 255n - 19n;
const A24 = 121665n;

const mod = (value: bigint): bigint => ((value % P) + P) % P;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let b = mod(base), e = exponent; e > 0n; e >>= 1n, b = (b * b) % P) if (e & 1n) result = (result * b) % P;
  return result;
}

const decode = (bytes: Buffer): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
const encode = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();

/** The shared secret. */
export function x25519(privateKey: Buffer, publicKey: Buffer): Buffer {
  const clamped = Buffer.from(privateKey);
  clamped[0]! &= 248;
  clamped[31] = (clamped[31]! & 127) | 64;
  const scalar = decode(clamped);
  const x1 = decode(publicKey) & (2n ** 255n - 1n);
  let [x2, z2, x3, z3] = [1n, 0n, x1, 1n];
  let swapped = 0n;
  for (let bit = 254n; bit >= 0n; bit -= 1n) {
    const one = (scalar >> bit) & 1n;
    if (swapped !== one) [x2, z2, x3, z3] = [x3, z3, x2, z2];
    swapped = one;
    const [a, b, c, d] = [mod(x2 + z2), mod(x2 - z2), mod(x3 + z3), mod(x3 - z3)];
    const [aa, bb, da, cb] = [mod(a * a), mod(b * b), mod(d * a), mod(c * b)];
    const e = mod(aa - bb);
    x3 = mod((da + cb) ** 2n);
    z3 = mod(x1 * (da - cb) ** 2n);
    x2 = mod(aa * bb);
    z2 = mod(e * (aa + A24 * e));
  }
  if (swapped) [x2, z2] = [x3, z3];
  return encode(mod(x2 * power(z2, P - 2n)));
}

const BASE_POINT = encode(9n);

export const x25519Public = (privateKey: Buffer): Buffer => x25519(privateKey, BASE_POINT);
