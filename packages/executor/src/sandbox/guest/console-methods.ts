import { createConsoleCounters } from './console-counters.ts'
import type { ConsoleOutput } from './console-output.ts'
import { readDirOptions } from './dir-options.ts'
import { formatLog } from './format-log.ts'
import { missing } from './missing.ts'
import type { Primordials } from './primordials.ts'
import type { RuntimeState } from './state.ts'

/** Creates the methods of the console that few programs use, by their names. */
export function createConsoleMethods(p: Primordials, state: RuntimeState, output: ConsoleOutput) {
  const { print, write, writeInspected, inspection, openGroup, closeGroup } = output
  const counters = createConsoleCounters(p, {
    now: () => state.at,
    print,
    showLabel: (label) => inspection().inspect(label),
    atStepStart: state.atStepStart,
  })

  const methods = {
    __proto__: null,
    dir(value = missing, options = missing) {
      const own = typeof options === 'object' && options !== null ? readDirOptions(p, options) : undefined
      writeInspected('log', (show) => show(value, own))
    },
    dirxml: (...args: unknown[]) => print('log', args),
    table(data = missing, columns = missing) {
      let text: string | undefined
      if (typeof data === 'object' && data !== null) {
        text = state.rare('tableOf')({ p, inspect: inspection().inspect }, data, columns)
      }
      if (text === undefined) print('log', [data])
      else write('log', text)
    },
    trace(...args: unknown[]) {
      writeInspected('debug', (show) => traceOf(p, formatLog(p, args, show), methods.trace))
    },
    assert(condition: unknown = false, ...args: unknown[]) {
      if (condition) return
      const isText = args.length > 0 && typeof args[0] === 'string'
      const first = isText ? `Assertion failed: ${args[0] as string}` : 'Assertion failed'
      print('error', listWith(p, first, args, isText ? 1 : 0))
    },
    group(...args: unknown[]) {
      if (args.length > 0) print('log', args)
      openGroup()
    },
    groupCollapsed(...args: unknown[]) {
      if (args.length > 0) print('log', args)
      openGroup()
    },
    groupEnd: () => closeGroup(),
    ...counters,
    // These have an effect only where there is a terminal or an inspector.
    clear() {},
    timeStamp() {},
    profile() {},
    profileEnd() {},
  }
  return methods
}

/** Returns a list of `first` and of the items from `start` on. */
function listWith(p: Primordials, first: unknown, items: readonly unknown[], start: number): unknown[] {
  const list = [first]
  for (let i = start; i < items.length; i++) p.arrayPush(list, items[i])
  return list
}

/** Returns a message and the stack above a function that is running. */
function traceOf(p: Primordials, message: string, above: (...args: unknown[]) => void): string {
  const trace = { __proto__: null, name: 'Trace', message, stack: undefined as unknown }
  p.ErrorCaptureStackTrace(trace, above)
  const { stack } = trace
  return typeof stack === 'string' ? stack : `Trace: ${message}`
}
