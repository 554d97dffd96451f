/**
 * Remembers what may be used once: proofs of possession, above all. Unlike the rest of this library it protects by
 * itself, so who cannot ask it refuses.
 */
export abstract class ReplayStore {
  /**
   * True for one caller with this key, false for every other until `seconds` have passed. Outside the process there is
   * only a hash of the key.
   *
   * @param issuedAt when what is used was made, in seconds since 1970. A store that remembers nothing from before its
   *   own start answers false for anything older.
   * @throws ReplayStoreAwayError if it cannot say
   */
  abstract isFirst(key: string, seconds: number, issuedAt?: number): Promise<boolean>;
}
