/** Reads the environment once. The only code that touches `process.env`. */
export { configFiles } from './config-files.js';
export { InvalidConfigError, loadConfig } from './load-config.js';
