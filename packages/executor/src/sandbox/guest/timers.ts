import { defineGlobal, defineHidden } from './define.ts'
import type { Ending } from './ending.ts'
import type { Primordials } from './primordials.ts'
import type { PromiseWatch } from './promise-watch.ts'
import { assertNotEnded, type RuntimeState } from './state.ts'
import { createTimerHeap, type Timer } from './timer-heap.ts'

const maxDelayMs = 2_147_483_647

/** Parts of the runtime that the timers use. */
interface TimersHost {
  readonly ending: Ending
  readonly watch: PromiseWatch
}

/** Rejects a promise that can no longer be fulfilled. */
export type Reject = (reason: unknown) => void

export interface Timers {
  setTimeout(callback: () => void, ms: number): number
  clear(id: unknown): void
  /** Runs the timer that is due first. The host calls it once for each tick that it delivers. */
  fireNext(): void
  /** Returns the number of timers that wait. */
  waiting(): number
  /** Drops all timers and begins their ids anew. Returns what rejects the promises of those dropped. */
  drop(): readonly Reject[]
}

/**
 * Installs `setTimeout`, `setInterval`, `sleep` and `queueMicrotask`. The timers are kept here; the host gets only the
 * time at which the next one is due, and delivers a tick then. An exception from a callback ends the execution, as it
 * ends a Node process.
 */
export function installTimers(p: Primordials, state: RuntimeState, { ending, watch }: TimersHost): Timers {
  let heap = createTimerHeap(p)
  const timers = new p.Map<number, Timer>()
  let lastId = 0
  let reported = -1

  function report(): void {
    const next = heap.peek()
    const due = next === undefined ? -1 : next.due
    if (due === reported || state.ended) return
    reported = due
    state.emit('timer', due)
  }

  function add(callback: () => unknown, delay: number, { repeats, reject }: TimerKind): number {
    assertNotEnded(p, state)
    const id = ++lastId
    if (p.mapSize(timers) >= state.limits.timers) {
      ending.fail(
        'TOO_MANY_TIMERS',
        'Error',
        `More than ${state.limits.timers} timers wait at once; the limit is ${state.limits.timers} (timers). Clear some first.`,
        { details: { limit: state.limits.timers }, stack: undefined, hint: undefined },
      )
      return id
    }
    const timer: Timer = { id, due: state.at + delay, callback, everyMs: repeats ? delay : 0, cleared: false, reject }
    p.mapSet(timers, id, timer)
    heap.add(timer)
    report()
    return id
  }

  function clear(id: unknown): void {
    const timer = p.mapGet(timers, typeof id === 'string' ? p.Number(id) : (id as number))
    if (timer === undefined) return
    timer.cleared = true
    p.mapDelete(timers, timer.id)
    report()
  }

  function fireNext(): void {
    const timer = heap.peek()
    if (timer === undefined || timer.due > state.at) return
    heap.take()
    if (timer.everyMs > 0) {
      timer.due = state.at + timer.everyMs
      heap.add(timer)
    } else p.mapDelete(timers, timer.id)
    report()
    runCallback(timer.callback)
  }

  function runCallback(callback: () => unknown): void {
    try {
      watch.watch(callback())
    } catch (thrown) {
      ending.threw(thrown)
    }
  }

  function addCall(name: string, callback: unknown, ms: unknown, values: readonly unknown[]): number {
    if (typeof callback !== 'function') throw new p.TypeError(`The first argument of ${name} must be a function`)
    return add(
      () => p.ReflectApply(callback, undefined, values),
      delayOf(p, ms),
      name === 'setInterval' ? repeating : once,
    )
  }

  // Named by their properties: the bundler would rename functions that have the names of globals.
  defineGlobals(p, {
    setTimeout: (callback: unknown, ms: unknown, ...values: unknown[]) => addCall('setTimeout', callback, ms, values),
    setInterval: (callback: unknown, ms: unknown, ...values: unknown[]) => addCall('setInterval', callback, ms, values),
    clearTimeout: (id: unknown) => clear(id),
    clearInterval: (id: unknown) => clear(id),
    sleep: (ms: unknown) =>
      new p.Promise<void>(
        (resolve, reject) => void add(() => resolve(), longDelayOf(p, p.Number(ms)), { repeats: false, reject }),
      ),
    queueMicrotask(callback: unknown) {
      if (typeof callback !== 'function') {
        throw new p.TypeError('The first argument of queueMicrotask must be a function')
      }
      const settled = p.promiseResolve(undefined)
      // `then` looks up the promise's constructor, which user code may have replaced.
      defineHidden(p, settled, 'constructor', undefined)
      void p.promiseThen(settled, () => runCallback(callback as () => unknown))
    },
  })

  function drop(): Reject[] {
    const rejecters: Reject[] = []
    p.mapForEach(timers, ({ reject }) => {
      if (reject !== undefined) p.arrayPush(rejecters, reject)
    })
    p.mapClear(timers)
    heap = createTimerHeap(p)
    lastId = 0
    reported = -1
    return rejecters
  }

  return {
    setTimeout: (callback, ms) => add(callback, longDelayOf(p, ms), once),
    clear,
    fireNext,
    waiting: () => p.mapSize(timers),
    drop,
  }
}

interface TimerKind {
  readonly repeats: boolean
  readonly reject: Reject | undefined
}

const once: TimerKind = { repeats: false, reject: undefined }
const repeating: TimerKind = { repeats: true, reject: undefined }

function defineGlobals(p: Primordials, members: Readonly<Record<string, unknown>>): void {
  const names = p.ObjectKeys(members)
  for (let i = 0; i < names.length; i++) defineGlobal(p, names[i]!, members[names[i]!])
}

/**
 * Returns the delay of `setTimeout` and `setInterval` as in Node: at least 1 ms, and 1 ms for a value that is no number or
 * that exceeds 2,147,483,647 ms, with which a browser fires at once as well.
 */
function delayOf(p: Primordials, ms: unknown): number {
  const delay = p.MathTrunc(p.Number(ms))
  return delay >= 1 && delay <= maxDelayMs ? delay : 1
}

/** Returns a delay of at least 1 ms. One that is too long is never shortened to less than 24 days. */
function longDelayOf(p: Primordials, ms: number): number {
  const delay = p.MathTrunc(ms)
  return delay >= 1 ? p.MathMin(delay, maxDelayMs) : 1
}
