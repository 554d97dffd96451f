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

/** The step was not taken, and may be once what it needs is back: the flow stands where it stood. */
export const awayPage = (): Html =>
  page(
    'Not possible at the moment',
    html`<p>A part of this service does not answer. Wait a few seconds, then load this page again.</p>
      <p>Nothing was connected. If it stays like this, go back to the app and begin again.</p>`,
  );

/** The provider must be told by us what is wanted before the browser goes there, and did not take it. */
export const providerRefusedPage = (): Html =>
  failurePage('The provider does not take this request', 'It was asked to prepare for this connection and did not.');
