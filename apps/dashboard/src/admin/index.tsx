/** The administrators' half: everything of the Management API, by the administrator's own token. */
export { AdminArea } from './admin-area.js';
