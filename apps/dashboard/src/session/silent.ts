import type { Area } from './area.js';
import { authorizationRequest, redeem, type Tokens } from './authorization.js';

const PATIENCE_MS = 10_000;
/** A frame that is loaded has sent its message; this is for the way of it. */
const LOADED_MS = 1_000;

/** The frame said nothing: it shows an error page, or the browser keeps the session from it. Asking openly tells. */
export class NoAnswerError extends Error {}

/**
 * Asks in a frame who is signed in, without a page and without leaving this one (`prompt=none`).
 *
 * @throws oauth.AuthorizationResponseError with `login_required` where nobody is
 */
export async function askSilently(area: Area): Promise<Tokens> {
  const request = await authorizationRequest(area, { prompt: 'none', response_mode: 'web_message' });
  return redeem(area, await answerIn(request.url), request);
}

function answerIn(url: URL): Promise<URLSearchParams> {
  const frame = document.createElement('iframe');
  frame.hidden = true;
  frame.title = 'Signing in';
  frame.src = url.href;
  return new Promise<URLSearchParams>((resolve, reject) => {
    const giveUp = () => done(() => reject(new NoAnswerError()));
    const late = setTimeout(giveUp, PATIENCE_MS);
    frame.addEventListener('load', () => setTimeout(giveUp, LOADED_MS));
    const done = (settle: () => void) => {
      clearTimeout(late);
      removeEventListener('message', heard);
      frame.remove();
      settle();
    };
    const heard = ({ origin, source, data }: MessageEvent<{ type?: unknown; response?: Record<string, string> }>) => {
      if (origin !== location.origin || source !== frame.contentWindow) return;
      const { type, response } = data;
      if (type === 'authorization_response' && response) done(() => resolve(new URLSearchParams(response)));
    };
    addEventListener('message', heard);
    document.body.append(frame);
  });
}
