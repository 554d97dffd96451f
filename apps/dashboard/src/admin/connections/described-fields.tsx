import { CheckField, TextField } from '../../ui/index.js';

/** How a provider is named that the shipped catalogue does not have. */
export type Described = 'oidc' | 'oauth2' | 'own';

export function DescribedFields({ of }: { of: Described }) {
  if (of === 'own')
    return (
      <TextField
        label="Provider id"
        name="provider"
        required
        maxLength={64}
        hint="As in the file that STRONGROOM_PROVIDERS_FILE names."
      />
    );
  if (of === 'oidc')
    return (
      <TextField
        label="Issuer"
        name="issuer"
        type="url"
        required
        hint="The address that /.well-known/openid-configuration stands below. Saving reads it and says what is wrong."
      />
    );
  return (
    <>
      <TextField label="Authorization URL" name="authorizationURL" type="url" required />
      <TextField label="Token URL" name="tokenURL" type="url" required />
      <TextField
        label="User info URL"
        name="userInfoURL"
        type="url"
        hint="Where the provider says whose account it is. Without it a person can connect one account only."
      />
      <TextField
        label="Member of the answer with the account's id"
        name="user_id"
        defaultValue="sub"
        hint="Such as sub or id; below others as a pointer, /data/id."
      />
      <CheckField
        label="Scopes are separated by spaces"
        name="spaces"
        defaultChecked
        hint="As the standard has it; some providers want commas."
      />
    </>
  );
}
