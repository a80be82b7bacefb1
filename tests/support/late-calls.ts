import { onTestFinished } from 'vitest'

/** Code that declares `late`, which shows itself to the host and to later guests by all means that it has. */
export const declareLate = `
  const late = (() => {
    const { URL, setTimeout, console, tools, Symbol, Array } = globalThis
    const of = { log: console.log, echo: tools.echo }
    return () => {
      for (const act of [() => new URL('late:call'), () => of.log('late'), () => of.echo('late'), () => setTimeout(late, 0)]) try { act() } catch {}
      return 'late'
    }
  })();`

/**
 * Returns a function that says how often `late` has been called since the last time. Isolates call the URL parser of the
 * host synchronously, whether or not anybody listens to their other output.
 */
export function countLateCalls(): () => number {
  const original = globalThis.URL
  let count = 0
  class CountingUrl extends original {
    constructor(url: string | URL, base?: string | URL) {
      if (url === 'late:call') count += 1
      super(url, base)
    }
  }
  globalThis.URL = CountingUrl
  onTestFinished(() => {
    globalThis.URL = original
  })
  return () => {
    const counted = count
    count = 0
    return counted
  }
}
