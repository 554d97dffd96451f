export const PEOPLE = ['person-1', 'person-2', 'person-3', 'person-4'];

export const emailOf = (person: string): string => `${person}@people.example`;

/** What a provider tells about one of its made-up people. */
export const claimsOf = (person: string) => ({
  sub: person,
  email: emailOf(person),
  email_verified: true,
  name: person,
});
