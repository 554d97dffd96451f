import { localTime, policyOf } from './policy.js';

const form = (fields: Record<string, string>): FormData => {
  const values = new FormData();
  for (const [name, value] of Object.entries(fields)) values.append(name, value);
  return values;
};
const EMPTY = { scopes: '', exchanges_per_minute: '', expires_at: '' };

describe('the form of a policy', () => {
  it('AD-08 bounds what is ticked, by an empty list too, and nothing else', () => {
    expect(policyOf(form(EMPTY))).toBeNull();
    expect(policyOf(form({ ...EMPTY, connection: 'box' }))).toBeNull();
    expect(policyOf(form({ ...EMPTY, bound_connections: 'on' }))).toEqual({ connections: [] });
    expect(policyOf(form({ ...EMPTY, bound_scopes: 'on', scopes: 'read\nwrite read' }))).toEqual({
      scopes: ['read', 'write'],
    });
    expect(policyOf(form({ ...EMPTY, exchanges_per_minute: '30' }))).toEqual({ exchanges_per_minute: 30 });
  });

  it('shows an instant in the time of this machine, and means the same minute when it is sent back', () => {
    const end = '2027-01-31T18:05:00.000Z';
    expect(policyOf(form({ ...EMPTY, expires_at: localTime(end) }))).toEqual({ expires_at: end });
    expect(localTime(undefined)).toBe('');
  });
});
