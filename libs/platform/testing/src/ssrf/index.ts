/** URLs that must not be called, and listeners that know whether they were. */
export { Canaries } from './canaries.js';
export { hostileUrls, type HostileUrl } from './hostile-urls.js';
