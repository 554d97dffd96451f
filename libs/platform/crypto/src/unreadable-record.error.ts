/**
 * Sealed bytes did not open. Says no more on purpose: whether header, key, commitment, context or tag was wrong would
 * help whoever forges records, and the caller does the same in each case.
 */
export class UnreadableRecord extends Error {
  constructor() {
    super('the sealed value cannot be opened');
    this.name = 'UnreadableRecord';
  }
}
