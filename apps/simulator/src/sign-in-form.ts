import { escaped } from './http.js';
import { PEOPLE } from './people.js';
import type { Provider } from './provider.js';
import type { Visit } from './visit.js';

/** A page that needs no script: who you are, what the app may do, yes or no. */
export function signInForm({ name, settings, dialect }: Provider, visit: Visit, scopes: string[]): string {
  const choice = (id: string) =>
    `<label><input type="radio" name="person" value="${id}"${id === escaped(settings.person) ? ' checked' : ''}> ${id}</label> `;
  const box = (scope: string) => {
    const [value, label] = [scope, dialect.labelOf(scope)].map(escaped);
    const words = label === value ? value : `${label} <small>${value}</small>`;
    return `<p><label><input type="checkbox" name="scope:${value}" value="on" checked> ${words}</label></p>`;
  };
  const people = [...new Set([settings.person, ...PEOPLE])].map(escaped);
  return `<h1>${escaped(name)}</h1><form method="post" action="${escaped(visit.path)}">
<input type="hidden" name="request" value="${escaped(visit.query.toString())}">
<fieldset><legend>Who are you?</legend>${people.map(choice).join('')}</fieldset>
<fieldset><legend>What may the app do?</legend>${scopes.map(box).join('')}</fieldset>
<button type="submit" name="action" value="accept">Allow</button>
<button type="submit" name="action" value="deny">Refuse</button></form>`;
}
