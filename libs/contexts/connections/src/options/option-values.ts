import { isOwnedParameter, isScope } from '@strongroom/providers';
import { z } from 'zod';

/** Shapes that options of several families share. `null` says the same as leaving the option out. */
export const address = z
  .string()
  .max(2048)
  .refine((value) => /^https?:\/\//i.test(value) && URL.canParse(value), 'must be an absolute http(s) URL')
  .nullish();

export const text = (max: number) => z.string().max(max).nullish();

export const shortText = z.string().max(2048);

const MANY = /[\s,]+/;

/** One string, joined as the provider joins them, or a list. */
export const scope = z
  .union(
    [
      z
        .string()
        .max(4096)
        .refine(
          (value) => value.split(MANY).every((one) => one === '' || isScope(one)),
          'must hold scopes of at most 189 characters, without quotes, backslashes or control characters',
        ),
      z.array(z.string().refine(isScope, 'must be a scope of at most 189 characters: no spaces or quotes')).max(20),
    ],
    {
      error: (issue) =>
        Array.isArray(issue.input)
          ? 'must be at most 20 scopes of at most 189 characters each; write more of them as one string'
          : 'must be a string of at most 4096 characters, or a list of scopes',
    },
  )
  .nullish();

/** Parameters of the authorization request. Those that the flow itself sets are refused by name. */
export const parameters = <S extends z.ZodType>(value: S) =>
  z
    .record(z.string().max(128), value)
    .superRefine((given, context) => {
      for (const name of Object.keys(given))
        if (isOwnedParameter(name))
          context.addIssue({
            code: 'custom',
            path: [name],
            message: 'belongs to the flow and cannot be set; leave it out',
          });
    })
    .nullish();

const SIGNED = /^(?:(?:RS|PS|ES)(?:256|384|512)|EdDSA)$/;

export const signingAlgorithm = z
  .string()
  .regex(SIGNED, 'must be an asymmetric algorithm: RS256 to RS512, PS256 to PS512, ES256 to ES512 or EdDSA');
