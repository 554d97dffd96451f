// Jest's, where a spec calls; the library is also loaded outside Jest.
declare const describe: (name: string, suite: () => void) => void;
declare const it: { skip(name: string, test: () => void): void };

/**
 * A suite that needs a server. Where there is none it is one skipped test whose name says why; with `CI` set, asking for
 * the server has failed already. The suite itself is not looked at then: it may use the server's address at once.
 */
export function whereThereIs(server: unknown, what: string, name: string, suite: () => void): void {
  describe(name, server ? suite : () => it.skip(`SKIPPED: no ${what}, see CONTRIBUTING.md`, () => undefined));
}
