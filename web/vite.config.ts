import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

/** `STIMME_SERVER` is the running system that `npm run dev` forwards to, e.g. https://127.0.0.1:8443. */
const server = process.env.STIMME_SERVER ?? 'https://127.0.0.1:8443'
const forward = { target: server, changeOrigin: true, secure: false, ws: true }

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': new URL('./src', import.meta.url).pathname } },
  server: { proxy: { '/api': forward, '/sip': forward } },
  // One page in production; gallery.html is reachable in `npm run dev` only.
  build: { target: 'es2022', sourcemap: true, chunkSizeWarningLimit: 900 },
  test: { environment: 'jsdom', include: ['src/**/*.test.{ts,tsx}'], restoreMocks: true },
})
