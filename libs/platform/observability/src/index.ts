/** What the process says of itself: logs without queries, bodies or secrets. */
export { createLogger, LOGGER, type Logger } from './logger.js';
