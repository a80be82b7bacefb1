import type { Page } from 'playwright-core'

/** Returns the durations in milliseconds of the tasks over 50 ms that the page runs during the action. */
export async function longTasksDuring(page: Page, action: () => Promise<void>): Promise<number[]> {
  const observation = await page.evaluateHandle(() => {
    const durations: number[] = []
    const add = (entries: PerformanceEntryList) => durations.push(...entries.map(({ duration }) => duration))
    const observer = new PerformanceObserver((list) => add(list.getEntries()))
    observer.observe({ type: 'longtask' })
    return {
      end(): number[] {
        add(observer.takeRecords())
        observer.disconnect()
        return durations
      },
    }
  })
  await action()
  return observation.evaluate((running) => running.end())
}
