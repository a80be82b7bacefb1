import { env } from 'node:process'

import { chromium, type Browser } from 'playwright-core'

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * Starts Chromium, which has a new profile: the one that CODEMODE_TEST_CHROMIUM names, or Debian's headless one, which opens a
 * page with a third of the CPU time.
 */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: env['CODEMODE_TEST_CHROMIUM'] ?? '/usr/bin/chromium-headless-shell',
    args: flags,
  })
}
