export default {
  // Where every other build of this repository goes.
  distDir: 'dist',
  // What is traced is for copying the application elsewhere; it is served where it was built.
  outputFileTracingRoot: import.meta.dirname,
  // This repository's own lint looks at it.
  eslint: { ignoreDuringBuilds: true },
};
