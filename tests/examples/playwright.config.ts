import { defineConfig } from '@playwright/test';

const port = process.env.APP_PORT!;

export default defineConfig({
  fullyParallel: true,
  workers: 2,
  timeout: 60_000, // for a busy machine
  expect: { timeout: 15_000 },
  reporter: 'list',
  use: {
    launchOptions: { executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] },
  },
  webServer: {
    command: `"${process.env.PYTHON}" -m http.server ${port} --bind 127.0.0.1 --directory "${process.env.EXAMPLES}"`,
    port: Number(port),
    stderr: 'ignore', // it says every request there
  },
});
