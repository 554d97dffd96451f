import { Injectable } from '@nestjs/common';
import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import type { PersonAccount } from './accounts.js';
import { SecondFactor } from './second-factor.js';
import { SignInRules } from './sign-in-rules.js';

const { Check, Prompt } = interactionPolicy;

/** The page of each question; a question without a page cannot be asked. */
const PAGES: Record<string, string> = { login: 'login', select_account: 'select', mfa: 'mfa', consent: 'consent' };

export const pageOf = ({ uid, prompt }: { uid: string; prompt: { name: string } }): string => {
  const name = PAGES[prompt.name];
  if (!name) throw new Error(`${prompt.name} has no page`);
  return `/u/${name}/${uid}`;
};

/** What a result of `/u/select/…` says. */
export const ANOTHER_ACCOUNT = { select_account: { another: true } };
export const SAME_ACCOUNT = { select_account: { another: false } };

/** What is asked in a sign-in, in this order. */
@Injectable()
export class Prompts {
  constructor(
    private readonly secondFactor: SecondFactor,
    private readonly rules: SignInRules,
  ) {}

  policy(): interactionPolicy.DefaultPolicy {
    const policy = interactionPolicy.base();
    policy.add(selectAccount(), 0);
    extendLogin(policy.get('login')!);
    policy.add(this.mfa(), 2);
    policy.add(this.management(), 3);
    policy.add(address(), 0);
    return policy;
  }

  /** Nothing passes silently: whoever has no second factor gets a page that says so. */
  private mfa(): interactionPolicy.Prompt {
    const missing = new Check('second_factor', 'a second factor is required', 'interaction_required', (ctx) =>
      this.secondFactor.isMissing(ctx.oidc.client!.clientId, ctx.oidc.session!.amr),
    );
    return new Prompt({ name: 'mfa' }, missing);
  }

  /** Asks nobody: it stands where the person is known for certain, and refuses or lets pass. */
  private management(): interactionPolicy.Prompt {
    const settled = new Check('management', 'never asked', async (ctx) => {
      await this.rules.settleManagement(ctx);
      return false;
    });
    return new Prompt({ name: 'management' }, settled);
  }
}

/** Asks nobody: after each question the callback must still be the client's, which the library looks at once. */
function address(): interactionPolicy.Prompt {
  const registered = new Check('callback', 'never asked', ({ oidc }) => {
    if (!oidc.client!.redirectUriAllowed(String(oidc.params!['redirect_uri']))) throw new errors.InvalidRedirectUri();
    return false;
  });
  return new Prompt({ name: 'address' }, registered);
}

/** Only where somebody is signed in; else signing in is the choice. */
function selectAccount(): interactionPolicy.Prompt {
  const prompt = new Prompt({ name: 'select_account', requestable: true });
  prompt.checks.remove('select_account_prompt');
  prompt.checks.add(
    new Check('select_account_prompt', 'an account must be chosen', 'account_selection_required', ({ oidc }) => {
      const isSignedIn = oidc.session?.accountId !== undefined && oidc.account !== undefined;
      const hasChosen = oidc.result?.['select_account'] !== undefined || oidc.result?.login !== undefined;
      return oidc.prompts.has('select_account') && isSignedIn && !hasChosen;
    }),
  );
  return prompt;
}

function extendLogin({ checks }: interactionPolicy.Prompt): void {
  const isNew = ({ oidc }: KoaContextWithOIDC) => oidc.result?.login !== undefined;
  // The library's own compares with its key of the person; hints name people by their public id.
  checks.remove('id_token_hint');
  checks.add(
    new Check('id_token_hint', 'id_token_hint is about somebody else', 'login_required', (ctx) => {
      const hint = ctx.oidc.entities.IdTokenHint as { payload: { sub?: unknown } } | undefined;
      return hint !== undefined && hint.payload.sub !== (ctx.oidc.account as PersonAccount | undefined)?.user.userId;
    }),
  );
  checks.add(
    new Check('another_account', 'another account was chosen', 'login_required', (ctx) => {
      const chosen = ctx.oidc.result?.['select_account'] as { another?: boolean } | undefined;
      return chosen?.another === true && !isNew(ctx);
    }),
  );
  // Whoever was blocked or deleted while they signed in is nobody.
  checks.add(
    new Check('gone', 'the person of this session is gone', 'login_required', ({ oidc }) => {
      return oidc.session?.accountId !== undefined && oidc.account === undefined;
    }),
  );
}
