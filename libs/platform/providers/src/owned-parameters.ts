const OWNED = new Set([
  'response_type',
  'client_id',
  'redirect_uri',
  'state',
  'scope',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'request',
  'request_uri',
  'response_mode',
  '__proto__',
  'constructor',
  'prototype',
]);

/** Whether the flow alone may set this parameter of an authorization request. */
export const isOwnedParameter = (name: string): boolean => OWNED.has(name);
