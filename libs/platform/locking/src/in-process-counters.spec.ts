import { describeCounters } from './counters.conformance.js';
import { InProcessCounters } from './in-process-counters.js';

describeCounters('InProcessCounters', () => new InProcessCounters());
