/** Where the provider sends browsers of a connection back to, also as it stood in the authorization request. */
export const redirectUriOf = (
  publicUrl: { of(path: string): string },
  connectionName: string,
  flow: 'connect' | 'login' = 'connect',
): string => publicUrl.of(`/${flow}/callback/${encodeURIComponent(connectionName)}`);
