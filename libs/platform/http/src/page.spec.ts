import { html, page } from './page.js';

describe('html', () => {
  it('escapes what it is given, once, and keeps markup of its own', () => {
    const name = `<script>alert("x")</script>'&`;
    const inner = html`<b>${name}</b>`;
    expect(inner.markup).toBe('<b>&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;</b>');
    expect(html`<i>${[inner, inner]}${null}${undefined}${false}</i>`.markup).toBe(
      `<i>${inner.markup}${inner.markup}</i>`,
    );
  });

  it('makes pages without scripts', () => {
    expect(page('T<', html`<p>in</p>`).markup).toContain('<h1>T&lt;</h1>');
    expect(page('T', html``).markup).not.toMatch(/<script|onclick|javascript:/i);
  });
});
