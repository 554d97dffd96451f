/** Every word of the pages of sign-in and sign-out, so that they can be translated: a language is one object like this. */
export const texts = {
  /** Of the page, BCP 47. */
  language: 'en',

  login: {
    title: 'Sign in',
    purpose: (application: string) => `to continue to ${application}`,
    username: 'Email or username',
    password: 'Password',
    submit: 'Sign in',
    refusals: {
      wrong: 'That is not the right email or password.',
      blocked: 'This account is blocked. Ask the people who run this service.',
      wait: 'Too many attempts. Wait a while and try again.',
    },
  },

  consent: {
    title: (application: string) => `Allow ${application}?`,
    asks: (application: string) => `${application} asks for:`,
    /** For a scope that nobody described. */
    permission: 'Use this permission',
    destination: 'You will be sent back to',
    accept: 'Allow',
    deny: 'Do not allow',
    denied: 'the person did not allow it',
    scopes: {
      openid: 'Know who you are',
      profile: 'See your name and picture',
      email: 'See your email address',
      phone: 'See your phone number',
      offline_access: 'Keep this access while you are away',
    } as Readonly<Record<string, string>>,
  },

  select: {
    title: 'Choose an account',
    purpose: (application: string) => `to continue to ${application}`,
    signedIn: 'You are signed in as',
    accept: (person: string) => `Continue as ${person}`,
    other: 'Use another account',
  },

  mfa: {
    title: 'A second factor is needed',
    why: (application: string) => `Signing in to ${application} asks for a second factor, and none is set up for you.`,
    what: 'None can be set up here yet. Ask the people who run this service.',
    back: 'Back to the application',
    denied: 'a second factor is needed, and none is set up',
  },

  logout: {
    title: 'You are signed out',
    done: 'Your session here has ended. You may close this page.',
    nothing: 'Nobody was signed in in this browser.',
    refusedTitle: 'This sign-out cannot go on',
    addressRefused: 'The address to return to is not one that the application has registered.',
  },

  /** Sent on to the application by the browser itself. */
  handover: {
    title: 'Back to the application',
    purpose: 'Your browser goes back to the application. If it does not, use the button.',
    submit: 'Continue',
    message: 'You may close this page.',
  },

  problem: {
    title: 'This sign-in cannot go on',
    advice: 'Go back to the application and start again.',
    /** Before the code of the error, for whoever runs the application. */
    code: 'If it stays, tell the people who run it:',
    ended: 'This sign-in has ended, or was begun in another browser.',
    noForm: 'This is no form.',
    otherForm: 'This form does not belong to your sign-in.',
    nobody: 'Nobody is signed in any more.',
    unknown: 'The request of the application cannot be served.',
    failed: 'Something went wrong on our side.',
    codes: {
      invalid_client: 'The application that sent you is not known here.',
      invalid_redirect_uri: 'The address to return to is not one that the application has registered.',
      invalid_request_uri: 'The request of the application has ended, or was used before.',
      unsupported_response_mode: 'The application asks for an answer in a way that is not offered to it.',
    } as Readonly<Record<string, string>>,
  },
};
