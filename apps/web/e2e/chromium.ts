import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium } from 'playwright-core';

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
const QUIET = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** Uses the installed Chromium; none is downloaded. */
export const launchChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: installed(), args: [...ARGS, ...QUIET] });

/** A browser whose user has blocked cookies, and with them all data of sites. Its context's `close` ends it. */
export async function launchWithoutCookies(options: BrowserContextOptions): Promise<BrowserContext> {
  const profile = mkdtempSync(join(tmpdir(), 'robowatch-profile-'));
  mkdirSync(join(profile, 'Default'));
  const settings = { profile: { default_content_setting_values: { cookies: 2 } } };
  writeFileSync(join(profile, 'Default/Preferences'), JSON.stringify(settings));
  const launch = { executablePath: installed(), args: [...ARGS, ...QUIET] };
  const context = await chromium.launchPersistentContext(profile, { ...launch, ...options });
  context.once('close', () => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }));
  return context;
}

function installed(): string {
  const executablePath = process.env.CHROMIUM ?? PATHS.find((path) => existsSync(path));
  if (!executablePath) throw new Error('This needs Chromium: apt-get install chromium, or set CHROMIUM.');
  return executablePath;
}
