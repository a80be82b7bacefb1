import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'

import { startBrowser } from './browser.ts'
import type { ConsoleExecutor, Person } from './console-executor.ts'
import { collectFaults, type Faults } from './faults.ts'
import { sharedConsole, type SharedConsole } from './shared-console.ts'

interface OpenOptions extends Pick<BrowserContextOptions, 'colorScheme' | 'viewport' | 'timezoneId'> {
  /** Person who is signed in; nobody by default. */
  readonly as?: Person
  /** Path below that of the console. */
  readonly path?: string
  /** Executor in place of that of the file. */
  readonly executor?: ConsoleExecutor
}

/** Browser and executor of a test file. */
export interface ConsoleSuite<Executor extends ConsoleExecutor> {
  readonly executor: Executor
  /**
   * Opens a page of the console in a context of its own, which is closed at the end of the test. A fault of the page then fails
   * the test.
   */
  open(options?: OpenOptions): Promise<{ readonly page: Page; readonly faults: Faults }>
}

/** Uses the executor that all files share. Starts a browser before the tests of a file, and ends it afterwards. */
export function useConsole(): ConsoleSuite<SharedConsole>
/** Starts an executor of the file's own and a browser before the tests of a file, and ends them afterwards. */
export function useConsole<Executor extends ConsoleExecutor>(start: () => Promise<Executor>): ConsoleSuite<Executor>
export function useConsole(start: () => Promise<ConsoleExecutor> = sharedConsole): ConsoleSuite<ConsoleExecutor> {
  let executor: ConsoleExecutor
  let browser: Browser
  beforeAll(async () => {
    ;[executor, browser] = await Promise.all([start(), startBrowser()])
  })
  afterAll(async () => {
    await browser?.close()
    await executor?.[Symbol.asyncDispose]()
  })
  return {
    get executor() {
      return executor
    },
    async open({ as, path = '', executor: of = executor, ...options } = {}) {
      const context = await browser.newContext(options)
      context.setDefaultTimeout(120_000)
      const faults = await collectFaults(context)
      onTestFinished(async () => {
        await context.close()
        expect(faults.found).toEqual([])
      })
      const page = await context.newPage()
      if (as !== undefined) await signIn(page, of, as)
      await page.goto(of.consoleUrl + path)
      return { page, faults }
    },
  }
}

/** Signs a person in without the page of it, by the request that this page sends. */
async function signIn(page: Page, executor: ConsoleExecutor, person: Person): Promise<void> {
  const response = await page.request.post(`${executor.consoleUrl}/api/sign-in`, {
    headers: { origin: new URL(executor.consoleUrl).origin, 'sec-fetch-site': 'same-origin' },
    data: { apiKey: executor.keys[person] },
  })
  if (!response.ok()) throw new Error(`${person} cannot sign in: ${await response.text()}`)
}
