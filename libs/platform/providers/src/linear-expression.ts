export interface LinearExpression {
  test(text: string): boolean;
}
export function linear(pattern: string, flags: '' | 'i' = ''): LinearExpression {
  return new RegExp(pattern, flags);
}
