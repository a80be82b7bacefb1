import { defineGlobal } from './define.ts'
import { formatLog, inspect } from './inspect.ts'
import type { Primordials } from './primordials.ts'
import { assertNotEnded, type RuntimeState } from './state.ts'
import { isLongerThan, utf8Length, utf8Prefix } from './utf8.ts'

/** Bytes that an entry counts beyond its text, because its level, time and position are kept and sent too. */
const entryOverheadBytes = 64

type Level = 'debug' | 'log' | 'info' | 'warn' | 'error'

/**
 * Installs the global `console`. Its output is limited in bytes, and thereby in entries: the entry that crosses the
 * limit is truncated and contains the number of dropped bytes, and those after it are dropped and counted.
 */
export function installConsole(p: Primordials, state: RuntimeState): void {
  let bytesLeft: number | undefined
  let indent = ''
  const counts = new p.Map<string, number>()
  const starts = new p.Map<string, number>()

  function write(level: Level, text: string): void {
    assertNotEnded(p, state)
    // The limit is read at the first entry, because the console is installed before the limits are known.
    bytesLeft ??= state.limits.logBytes
    if (bytesLeft <= 0) {
      state.emit('dropped', utf8Length(p, text))
      return
    }
    if (!isLongerThan(p, text, bytesLeft)) {
      bytesLeft -= utf8Length(p, text) + entryOverheadBytes
      state.emit('log', level, text)
      return
    }
    const kept = utf8Prefix(p, text, bytesLeft)
    const dropped = utf8Length(p, text) - utf8Length(p, kept)
    bytesLeft = 0
    state.emit(
      'log',
      level,
      `${kept}… (${dropped} more bytes dropped: console output is limited to ${state.limits.logBytes} bytes)`,
    )
  }

  function print(level: Level, args: readonly unknown[]): void {
    assertNotEnded(p, state)
    write(level, indent + formatLog(p, args))
  }

  const labelOf = (label: unknown): string => {
    if (label === undefined) return 'default'
    return typeof label === 'string' ? label : inspect(p, label)
  }
  const elapsed = (label: string): string => `${label}: ${state.at - (p.mapGet(starts, label) ?? state.at)}ms`

  defineGlobal(p, 'console', {
    debug: (...args: unknown[]) => print('debug', args),
    log: (...args: unknown[]) => print('log', args),
    info: (...args: unknown[]) => print('info', args),
    warn: (...args: unknown[]) => print('warn', args),
    error: (...args: unknown[]) => print('error', args),
    trace: (...args: unknown[]) => print('debug', args),
    dir: (value: unknown) => print('log', [value]),
    table: (value: unknown) => print('log', [value]),
    assert(condition: unknown, ...args: unknown[]) {
      if (!condition) write('error', `${indent}Assertion failed${args.length > 0 ? `: ${formatLog(p, args)}` : ''}`)
    },
    group(...args: unknown[]) {
      if (args.length > 0) print('log', args)
      indent += '  '
    },
    groupEnd() {
      indent = p.stringSlice(indent, 2)
    },
    count(label?: unknown) {
      const key = labelOf(label)
      const count = (p.mapGet(counts, key) ?? 0) + 1
      p.mapSet(counts, key, count)
      write('log', `${indent}${key}: ${count}`)
    },
    countReset: (label?: unknown) => void p.mapDelete(counts, labelOf(label)),
    time: (label?: unknown) => p.mapSet(starts, labelOf(label), state.at),
    timeLog: (label?: unknown) => write('log', indent + elapsed(labelOf(label))),
    timeEnd(label?: unknown) {
      write('log', indent + elapsed(labelOf(label)))
      p.mapDelete(starts, labelOf(label))
    },
  })
}
