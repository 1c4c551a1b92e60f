import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// The admin port of a running server, for `npm run dev`.
const server = process.env['SLUICE_ADMIN'] ?? 'http://127.0.0.1:8031';

export default defineConfig({
  base: '/console/',
  plugins: [react()],
  build: {
    target: 'es2021',
    outDir: 'dist',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  // By number: a bare machine may not know the name localhost.
  server: { host: '127.0.0.1', proxy: { '/api': server }, fs: { allow: ['..'] } },
  preview: { host: '127.0.0.1', proxy: { '/api': server } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
