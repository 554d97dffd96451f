import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { catalogue } from './catalogue.plugin.js';

/** One page for `/account` and `/dashboard`; its files stand under the latter, by their hashes. */
export default defineConfig({
  base: '/dashboard/',
  plugins: [react(), catalogue()],
  build: {
    target: 'es2023',
    // Inlined files would be `data:` addresses, which the policy of the page refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
  },
});
