import Sequencer from '@jest/test-sequencer';

/** Files that take a minute: begun last, one of them would run alone while the other workers have nothing left. */
const LONG = /(safety|distributed)-spec|kafka|restart/;
const QUICK = /\/[^/.]+(\.[^/.]+)*\.spec\.ts$/;
const rank = ({ path }) => (LONG.test(path) ? 0 : QUICK.test(path) ? 2 : 1);

/** What takes long first, units last; beyond that Jest's own order, which knows how long a file took the last time. */
export default class LongFirst extends Sequencer {
  async sort(tests) {
    return (await super.sort(tests)).sort((one, other) => rank(one) - rank(other));
  }
}
