import type { Page } from 'playwright-core'

/** Script that observes tasks over 50 ms, and leaves a function that ends the observation and returns their durations. */
const observe = `
  const durations = []
  const add = (entries) => durations.push(...entries.map(({ duration }) => duration))
  const observer = new PerformanceObserver((list) => add(list.getEntries()))
  observer.observe({ type: 'longtask' })
  globalThis.endObservation = () => {
    add(observer.takeRecords())
    observer.disconnect()
    return durations
  }
`

/** Returns the durations in milliseconds of the tasks over 50 ms that the page runs during the action. */
export async function longTasksDuring(page: Page, action: () => Promise<void>): Promise<number[]> {
  await page.evaluate(`{${observe}}`)
  await action()
  return page.evaluate('endObservation()')
}
