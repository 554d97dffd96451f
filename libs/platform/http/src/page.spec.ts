import { html, page, styles } from './page.js';

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

describe('the colours of pages', () => {
  const schemes = [...styles.matchAll(/:root\{([^}]+)\}/g)].map(([, all]) =>
    Object.fromEntries([...all!.matchAll(/--(\w+):#(\w+)/g)].map(([, name, hex]) => [name!, lightness(hex!)])),
  );

  it.each([
    ['light', schemes[0]!],
    ['dark', schemes[1]!],
  ])('stand out from the paper: words, and the lines of fields (%s)', (_, { paper, ...others }) => {
    expect(Object.keys(others)).toHaveLength(5);
    for (const [name, value] of Object.entries(others)) {
      const [more, less] = [value, paper!].sort((a, b) => b - a) as [number, number];
      expect([name, (more + 0.05) / (less + 0.05) >= (name === 'line' ? 3 : 4.5)]).toEqual([name, true]);
    }
  });
});

/** Relative luminance (WCAG 2.2). */
function lightness(hex: string): number {
  const full = hex.length === 3 ? [...hex].map((digit) => digit + digit).join('') : hex;
  const [red, green, blue] = [0, 2, 4].map((at) => {
    const part = parseInt(full.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
