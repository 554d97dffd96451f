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

interface Authorization {
  scopeParam: string;
}

/** The same, of one provider: it may call scopes otherwise. */
export const belongsToFlow = (name: string, { scopeParam }: Authorization): boolean =>
  isOwnedParameter(name) || (scopeParam !== '' && name === scopeParam);

/** What an address says already though the flow alone may: it would be there twice, and the provider choose. */
export const ownedInQuery = (url: string, authorization: Authorization): string[] => {
  const query = /^[^?#]*\?([^#]*)/.exec(url)?.[1] ?? '';
  return [...new URLSearchParams(query).keys()].filter((name) => belongsToFlow(name, authorization));
};
