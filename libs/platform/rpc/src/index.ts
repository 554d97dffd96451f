/** Calls between our own services: signed, with a deadline, with typed errors. Owns no port; those are in contracts. */
export {};
