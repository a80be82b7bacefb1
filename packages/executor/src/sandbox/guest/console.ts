import { createConsoleCounters } from './console-counters.ts'
import { createConsoleInspection } from './console-inspection.ts'
import { defineLazyGlobal } from './define.ts'
import { formatLog, inspect, type InspectOptions } from './inspect.ts'
import { indentLines } from './inspect-layout.ts'
import { createLogWriter, type Level, type LogWriter } from './log-writer.ts'
import { missing } from './missing.ts'
import type { Primordials } from './primordials.ts'
import { rare } from './rare-parts.ts'
import { assertNotEnded, type RuntimeState } from './state.ts'

/**
 * Installs the global `console`, which is made at its first access.
 */
export function installConsole(p: Primordials, state: RuntimeState): void {
  defineLazyGlobal(p, 'console', () => createConsole(p, state, createLogWriter(p, state)))
}

function createConsole(p: Primordials, state: RuntimeState, writer: LogWriter): object {
  /** Made at the first object. */
  let inspection: ReturnType<typeof createConsoleInspection> | undefined
  let indent = ''

  function write(level: Level, text: string): void {
    writer.write(level, indent === '' ? text : indent + indentLines(p, text, indent))
  }

  /** Writes a text, once the states of the promises in it are known. */
  function writeInspected(level: Level, format: (options: InspectOptions) => string): void {
    assertNotEnded(p, state)
    inspection ??= createConsoleInspection(p, state)
    const { whenStatesAreKnown } = inspection
    const inspected = inspection.make(format)
    if (inspected.promises === undefined) {
      write(level, inspected.text)
      return
    }
    const margin = indent
    const finish = writer.writeLater(level, inspected.text)
    whenStatesAreKnown(inspected, (text) => finish(margin + indentLines(p, text, margin)))
  }

  function print(level: Level, args: readonly unknown[]): void {
    if (hasObject(args)) writeInspected(level, (options) => formatLog(p, args, options))
    else write(level, formatLog(p, args))
  }

  const counters = createConsoleCounters(p, () => state.at, print)

  const methods = {
    log: (...args: unknown[]) => print('log', args),
    info: (...args: unknown[]) => print('info', args),
    debug: (...args: unknown[]) => print('debug', args),
    warn: (...args: unknown[]) => print('warn', args),
    error: (...args: unknown[]) => print('error', args),
    dir(value = missing, options = missing) {
      const own = typeof options === 'object' && options !== null ? rare().readDirOptions()(p, options) : undefined
      writeInspected('log', (shared) => inspect(p, value, { __proto__: null, ...shared, ...own }))
    },
    dirxml: (...args: unknown[]) => print('log', args),
    table(data = missing, columns = missing) {
      let text: string | undefined
      if (typeof data === 'object' && data !== null) text = rare().createTables()(p, inspect)(data, columns)
      if (text === undefined) print('log', [data])
      else write('log', text)
    },
    trace(...args: unknown[]) {
      writeInspected('debug', (options) => traceOf(p, formatLog(p, args, options)))
    },
    assert(condition: unknown = false, ...args: unknown[]) {
      if (condition) return
      const isText = args.length > 0 && typeof args[0] === 'string'
      const first = isText ? `Assertion failed: ${args[0] as string}` : 'Assertion failed'
      print('error', listWith(p, first, args, isText ? 1 : 0))
    },
    group(...args: unknown[]) {
      if (args.length > 0) print('log', args)
      indent += '  '
    },
    groupCollapsed(...args: unknown[]) {
      if (args.length > 0) print('log', args)
      indent += '  '
    },
    groupEnd() {
      indent = p.stringSlice(indent, 2)
    },
    ...counters,
    // These have an effect only where there is a terminal or an inspector.
    clear() {},
    timeStamp() {},
    profile() {},
    profileEnd() {},
  }
  p.ReflectDefineProperty(methods, p.SymbolToStringTag, {
    // @ts-expect-error the prototype of a literal is not part of its type
    __proto__: null,
    value: 'console',
    configurable: true,
  })
  return methods
}

function hasObject(args: readonly unknown[]): boolean {
  for (let i = 0; i < args.length; i++) {
    if (typeof args[i] === 'function' || (typeof args[i] === 'object' && args[i] !== null)) return true
  }
  return false
}

/** Returns a list of `first` and of the items from `start` on. */
function listWith(p: Primordials, first: unknown, items: readonly unknown[], start: number): unknown[] {
  const list = [first]
  for (let i = start; i < items.length; i++) p.arrayPush(list, items[i])
  return list
}

/** Returns a message and the stack of the code that is running. */
function traceOf(p: Primordials, message: string): string {
  const trace = { __proto__: null, name: 'Trace', message, stack: undefined as unknown }
  p.ErrorCaptureStackTrace(trace)
  const { stack } = trace
  return typeof stack === 'string' ? stack : `Trace: ${message}`
}
