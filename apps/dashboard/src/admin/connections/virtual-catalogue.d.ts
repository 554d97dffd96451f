/** Made at build by `catalogue.plugin.ts`, of the shape that `catalogue.ts` names. */
declare module 'virtual:catalogue' {
  const entries: unknown;
  export default entries;
}
