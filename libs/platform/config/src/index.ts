/** Reads the environment once, and says how a process must not be started. The only code that touches `process.env`. */
export { configFiles } from './config-files.js';
export { InvalidConfigError, loadConfig } from './load-config.js';
export { openFiles } from './open-files.js';
export { refuseInspection } from './refuse-inspection.js';
export { refuseSettings } from './refuse-settings.js';
export { refuseUnwritable } from './refuse-unwritable.js';
export { StartRefusedError } from './start-refused.error.js';
export { unknownSettings } from './unknown-settings.js';
