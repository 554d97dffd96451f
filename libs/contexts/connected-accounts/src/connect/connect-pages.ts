import { type Html, html, page } from '@strongroom/http';

const begin = html`<p>Nothing was connected. Go back to the app and begin again.</p>`;

const failurePage = (title: string, what: string): Html =>
  page(
    title,
    html`<p>${what}</p>
      ${begin}`,
  );

export const linkNotValidPage = (): Html =>
  failurePage(
    'This link is not valid any more',
    'A link to connect an account works once, for a few minutes, in the browser in which it was first opened.',
  );

export const wrongPersonPage = (): Html =>
  failurePage(
    'This link was made for another account',
    'You are signed in as somebody else than the person who asked for this link. It cannot be used any more. ' +
      'If somebody sent it to you, they may have tried to connect your account to theirs.',
  );

export const answerRefusedPage = (): Html =>
  failurePage('The answer was not accepted', 'What came back from the provider does not belong to this connection.');

export const cancelledPage = (): Html => failurePage('Cancelled', 'The sign-in was not finished.');

export const unavailablePage = (): Html =>
  failurePage('This is not possible any more', 'The app or the connection was changed in the meantime.');

export const problemPage = (): Html => failurePage('That did not work', 'The request could not be carried out.');

export interface Consent {
  appName: string;
  appHost: string;
  providerName: string;
  personName: string;
  scopes: string[];
  /** Scopes that the account has not granted before; null if nothing was granted before. */
  newScopes: string[] | null;
  reconnects: boolean;
  action: string;
  csrf: string;
}

const WORDS: Record<string, string> = {
  openid: 'Know which account this is',
  profile: 'See the name and picture of the account',
  email: 'See the e-mail address of the account',
  offline_access: 'Keep access while you are away',
  'offline.access': 'Keep access while you are away',
};

const permission = (scope: string, isNew: boolean): Html =>
  html`<li>${WORDS[scope] ?? 'Permission'} <code>${scope}</code>${isNew ? html` <strong>(new)</strong>` : ''}</li>`;

/** Always asked: a provider may approve without a question, so this page is the only certain one. */
export const consentPage = (consent: Consent): Html =>
  page(
    `Connect your ${consent.providerName} account`,
    html`<p>
        <strong>${consent.appName}</strong> (<code>${consent.appHost}</code>) asks for access to your account at
        <strong>${consent.providerName}</strong>. You are signed in here as <strong>${consent.personName}</strong>.
      </p>
      ${consent.reconnects ? html`<p>This renews an account that you connected before. Choose the same one.</p>` : ''}
      ${
        consent.scopes.length > 0
          ? html`<p>These permissions will be asked for:</p>
              <ul>
                ${consent.scopes.map((scope) => permission(scope, consent.newScopes?.includes(scope) ?? false))}
              </ul>`
          : html`<p>The provider decides which permissions this brings.</p>`
      }
      <p class="note">
        Access is kept until you remove the account, in the app or in your list of connected accounts here.
      </p>
      <form method="post" action="${consent.action}">
        <input type="hidden" name="csrf" value="${consent.csrf}" />
        <button type="submit" name="action" value="accept">Continue to ${consent.providerName}</button>
        <button type="submit" name="action" value="deny">Cancel</button>
      </form>`,
  );
