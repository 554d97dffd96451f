/** What the process says of itself: logs without queries, bodies or secrets, and metrics without persons. */
export { createLogger, LOGGER, type Logger } from './logger.js';
export { type CountedKeys, showKeys } from './key-metrics.js';
export { type LabelValues, Metrics, type Sample } from './metrics.js';
