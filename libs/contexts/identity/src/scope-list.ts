/** The scopes in a wire string; none in anything that is no text. */
export const scopeList = (scope: unknown): string[] =>
  typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [];
