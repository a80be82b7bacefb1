import type { Page } from 'playwright-core'

/** Milliseconds of CPU time from which a task is long. */
const longMs = 50

const category = 'disabled-by-default-devtools.timeline'

/** Event of a trace, as far as it is read here. */
interface TraceEvent {
  readonly name: string
  readonly pid: number
  readonly tid: number
  /** CPU time of the thread in microseconds. */
  readonly tdur?: number
  readonly args?: { readonly name?: string }
}

/**
 * Returns the durations in milliseconds of the long tasks of the main threads of pages during the action. They are measured as CPU
 * time: on a busy machine, the wall time of a task depends on other processes.
 */
export async function longTasksDuring(page: Page, action: () => Promise<void>): Promise<number[]> {
  const browser = page.context().browser()!
  await browser.startTracing(page, { categories: [category] })
  let trace: Buffer
  try {
    await action()
  } finally {
    trace = await browser.stopTracing()
  }
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] }
  const threadOf = ({ pid, tid }: TraceEvent) => `${pid}:${tid}`
  const mains = new Set(traceEvents.filter(({ args }) => args?.name === 'CrRendererMain').map(threadOf))
  const tasks = traceEvents.filter((event) => event.name === 'RunTask' && mains.has(threadOf(event)))
  const durations = tasks.flatMap(({ tdur }) => (tdur === undefined ? [] : [Math.round(tdur / 1_000)]))
  if (durations.length === 0) throw new Error('The trace has no CPU times of tasks.')
  return durations.filter((ms) => ms >= longMs)
}
