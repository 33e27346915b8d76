import { defineConfig } from '@playwright/test';

const port = process.env.MOCK_PORT ?? '4010';

export default defineConfig({
  fullyParallel: true,
  workers: 4,
  expect: { timeout: 15_000 }, // for a busy machine
  use: {
    // Only for a browser of the system's own; leave it out and run `npx playwright install chromium` otherwise.
    launchOptions: process.env.CHROMIUM
      ? { executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] }
      : {},
  },
  webServer: [
    { command: `mock-server --port ${port}`, url: `http://127.0.0.1:${port}/__mock/health`, reuseExistingServer: true },
    { command: 'node app.mjs', url: `http://127.0.0.1:${process.env.APP_PORT ?? '3000'}`, reuseExistingServer: true },
  ],
});
