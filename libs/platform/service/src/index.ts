/** How a service of ours starts, says how it is and stops. */
export {};
