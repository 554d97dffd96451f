/** What the provider tells about one of its made-up people. */
export const claimsOf = (person: string) => ({
  sub: person,
  email: `${person}@people.example`,
  email_verified: true,
  name: person,
});
