import { type Html, html, page } from '@strongroom/http';
import type { ResolvedProvider } from '@strongroom/providers';

export interface Consent {
  appName: string;
  appHost: string;
  providerName: string;
  /** Where the browser goes next; says more than a name that somebody chose. */
  providerHost: string;
  personName: string;
  permissions: Permissions;
  /** The account that must be chosen again; null: any. */
  renewed: Renewed | null;
  action: string;
  csrf: string;
}

/** What tells an account from the person's others. */
export interface Renewed {
  label: string | null;
  connectedAt: Date;
}

/** Null: the app at the provider decides, and nothing is asked for. */
export type Permissions = { known: Permission[]; further: Permission[] } | null;

export interface Permission {
  scope: string;
  /** What it allows, in words that go on from "wants to"; null: nobody here knows. */
  label: string | null;
  isSensitive: boolean;
  /** The account has not granted it before. */
  isNew: boolean;
}

/**
 * What the page says of each scope that will be asked for. A scope is found by its value or by another spelling of it;
 * `newScopes` is null if nothing was granted before.
 */
export function permissionsOf(
  { entry, scopeCatalogue }: Pick<ResolvedProvider, 'entry' | 'scopeCatalogue'>,
  scopes: readonly string[],
  newScopes: readonly string[] | null,
): Permissions {
  if (entry.authorization.scopeParam === '') return null;
  const all = scopes.map((scope): Permission => {
    const found =
      scopeCatalogue.find(({ value }) => isSame(value, scope)) ??
      scopeCatalogue.find(({ same }) => same.some((spelling) => isSame(spelling, scope)));
    return {
      scope,
      label: found?.label ?? null,
      isSensitive: found?.sensitive ?? false,
      isNew: newScopes?.includes(scope) ?? false,
    };
  });
  return { known: all.filter(({ label }) => label !== null), further: all.filter(({ label }) => label === null) };
}

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** Kept apart, so that no character of a name turns the direction of what is said after it. */
const named = (name: string): Html => html`<strong><bdi>${name}</bdi></strong>`;

const permission = ({ scope, label, isSensitive, isNew }: Permission): Html =>
  html`<li>
    ${label} <code>${scope}</code>${isSensitive ? html` <strong>(sensitive)</strong>` : ''}${
      isNew ? html` <strong>(new)</strong>` : ''
    }
  </li>`;

const permissionList = (lead: string, permissions: Permission[]): Html | null =>
  permissions.length === 0
    ? null
    : html`<p>${lead}</p>
        <ul>
          ${permissions.map(permission)}
        </ul>`;

function whatItMayDo({ appName, providerName, permissions }: Consent): Html {
  if (permissions === null) return html`<p>What it may do is set at ${providerName}.</p>`;
  const { known, further } = permissions;
  if (known.length + further.length === 0) return html`<p>The provider decides which permissions this brings.</p>`;
  return html`${permissionList(`${appName} wants to:`, known)} ${permissionList('Further permissions:', further)}`;
}

const whichAccount = ({ label, connectedAt }: Renewed): Html =>
  html`<p>
    This renews the account ${label === null ? '' : named(label)} that you connected on
    ${connectedAt.toISOString().slice(0, 10)}. Choose the same one.
  </p>`;

/** Always asked: a provider may approve without a question, so this page is the only certain one. */
export const consentPage = (consent: Consent): Html =>
  page(
    `Connect your ${consent.providerName} account`,
    html`<p>
        ${named(consent.appName)} (<code>${consent.appHost}</code>) asks for access to your account at
        ${named(consent.providerName)} (<code>${consent.providerHost}</code>). You are signed in here as
        ${named(consent.personName)}.
      </p>
      ${consent.renewed ? whichAccount(consent.renewed) : ''} ${whatItMayDo(consent)}
      <p class="note">
        Access is kept until you remove the account, in the app or in your list of connected accounts here.
      </p>
      <form method="post" action="${consent.action}">
        <input type="hidden" name="csrf" value="${consent.csrf}" />
        <button type="submit" name="action" value="accept">Continue to ${consent.providerName}</button>
        <button type="submit" name="action" value="deny">Cancel</button>
      </form>`,
  );
