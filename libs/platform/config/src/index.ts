/** Reads the environment once. The only code that touches `process.env`. */
export { InvalidConfigError, loadConfig } from './load-config.js';
