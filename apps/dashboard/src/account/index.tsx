/** A person's own half: connected accounts, what was done with them, where they are signed in. */
export { AccountArea } from './account-area.js';
