// Chromium as Debian ships it, and the few things every browser test needs.
import { chromium } from 'playwright-core';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const SCREENSHOTS = join(ROOT, 'build/screenshots');
const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** `flags`: more of Chromium's. */
export async function startBrowser(flags = []) {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) throw new Error(`${executablePath} is missing: apt-get install chromium`);
  return chromium.launch({ executablePath, headless: true, args: [...(process.getuid() === 0 ? ['--no-sandbox'] : []), ...FLAGS, ...flags] });
}

/** A page of its own context that collects whatever went wrong in it: exceptions, console errors, broken policies. */
export async function openPage(browser, { language = 'en', theme = 'light', width = 1280, height = 900, ...more } = {}) {
  const context = await browser.newContext({
    locale: language === 'zh' ? 'zh-CN' : 'en-GB',
    timezoneId: 'UTC',
    colorScheme: theme,
    viewport: { width, height },
    ignoreHTTPSErrors: true,
    ...more,
  });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !isExpected(message)) page.faults.push(`console: ${message.text()}`);
  });
  return page;
}

// Chromium reports every HTTP status above 399 and every lost connection by itself; the tests look at what the page says.
function isExpected(message) {
  return /^Failed to load resource|WebSocket connection to/.test(message.text());
}

export async function shoot(page, name, options = {}) {
  if (!process.env.FIELDLINE_SCREENSHOTS) return;
  await mkdir(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), ...options });
}
