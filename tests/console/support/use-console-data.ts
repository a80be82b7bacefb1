import { afterAll, beforeAll } from 'vitest'

import { makeConsoleData, type ConsoleData } from '../data/console-data.ts'
import { useConsole, type ConsoleSuite } from './use-console.ts'

/** Starts an executor, a browser and the data before the tests of a file. The data takes about 20 s, so few files should need it. */
export function useConsoleData(): { readonly suite: ConsoleSuite; readonly data: ConsoleData } {
  const suite = useConsole()
  let data: ConsoleData
  beforeAll(async () => {
    data = await makeConsoleData(suite.executor)
  })
  // Hooks that end something run in reverse order: the clients close before the executor.
  afterAll(() => data?.[Symbol.asyncDispose]())
  return {
    suite,
    get data() {
      return data
    },
  }
}
