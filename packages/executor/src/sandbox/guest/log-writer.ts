import type { Primordials } from './primordials.ts'
import { assertNotEnded, type RuntimeState } from './state.ts'
import { isLongerThan, utf8Length, utf8Prefix } from './utf8.ts'

/** Bytes that an entry counts beyond its text, because its level, time and position are kept and sent too. */
const entryOverheadBytes = 64

export type Level = 'debug' | 'log' | 'info' | 'warn' | 'error'

interface Entry {
  readonly level: Level
  /** Undefined until the text of the entry is known. */
  text: string | undefined
}

export interface LogWriter {
  write(level: Level, text: string): void
  /**
   * Writes an entry whose text is known later in the same turn, at its place among the others. Returns the function that
   * gives the text. `draft` is about as long as the text.
   */
  writeLater(level: Level, draft: string): (text: string) => void
}

/**
 * Creates the writer of the console. Its output is limited in bytes, and thereby in entries: the entry that crosses the
 * limit is truncated and contains the number of dropped bytes, and those after it are dropped and counted.
 */
export function createLogWriter(p: Primordials, state: RuntimeState): LogWriter {
  let bytesLeft: number | undefined
  /** Entries that wait for the text of the first one; undefined if there are none. */
  let held: Entry[] | undefined
  let heldBytes = 0
  p.arrayPush(state.atStepStart, () => {
    bytesLeft = undefined
    held = undefined
    heldBytes = 0
  })

  return {
    write(level, text) {
      assertNotEnded(p, state)
      if (held === undefined) emit(level, text)
      else hold(level, text, text)
    },
    writeLater(level, draft) {
      assertNotEnded(p, state)
      held ??= []
      const entry = hold(level, undefined, draft)
      return (text) => {
        if (entry !== undefined) entry.text = text
        if (held !== undefined) emitHeld(held)
      }
    },
  }

  /** Returns the entry that waits; undefined if those before it use up the limit. */
  function hold(level: Level, text: string | undefined, draft: string): Entry | undefined {
    if (heldBytes >= left()) {
      state.emit('dropped', utf8Length(p, draft))
      return undefined
    }
    heldBytes += utf8Length(p, draft) + entryOverheadBytes
    const entry = { level, text }
    p.arrayPush(held!, entry)
    return entry
  }

  function emitHeld(entries: Entry[]): void {
    while (entries.length > 0 && entries[0]!.text !== undefined) {
      const { level, text } = p.arrayShift(entries)!
      emit(level, text!)
    }
    if (entries.length > 0) return
    held = undefined
    heldBytes = 0
  }

  function left(): number {
    // The limit is read at the first entry, because the console is installed before the limits are known.
    return (bytesLeft ??= state.limits.logBytes)
  }

  function emit(level: Level, text: string): void {
    const limit = left()
    if (limit <= 0) {
      state.emit('dropped', utf8Length(p, text))
      return
    }
    if (!isLongerThan(p, text, limit)) {
      bytesLeft = limit - utf8Length(p, text) - entryOverheadBytes
      state.emit('log', level, text)
      return
    }
    const kept = utf8Prefix(p, text, limit)
    const dropped = utf8Length(p, text) - utf8Length(p, kept)
    bytesLeft = 0
    state.emit(
      'log',
      level,
      `${kept}… (${dropped} more bytes dropped: console output is limited to ${state.limits.logBytes} bytes)`,
    )
  }
}
