import { createConsoleInspection } from './console-inspection.ts'
import { formatLog, type Show } from './format-log.ts'
import { indentLines } from './indent-lines.ts'
import { showPrimitive } from './inspect-primitive.ts'
import { createLogWriter, type Level } from './log-writer.ts'
import type { Primordials } from './primordials.ts'
import { assertNotEnded, type RuntimeState } from './state.ts'

/** Output of the console, in which groups are indented. */
export type ConsoleOutput = ReturnType<typeof createConsoleOutput>

/** Creates the output of the console. What shows objects is loaded at the first object. */
export function createConsoleOutput(p: Primordials, state: RuntimeState) {
  const writer = createLogWriter(p, state)
  let loaded: ReturnType<typeof createConsoleInspection> | undefined
  let indent = ''
  p.arrayPush(state.atStepStart, () => {
    indent = ''
  })

  function inspection() {
    return (loaded ??= createConsoleInspection(p, state))
  }

  function write(level: Level, text: string): void {
    writer.write(level, indent === '' ? text : indent + indentLines(p, text, indent))
  }

  /** Writes a text, once the states of the promises in it are known. */
  function writeInspected(level: Level, format: (show: Show) => string): void {
    assertNotEnded(p, state)
    const { make, whenStatesAreKnown } = inspection()
    const inspected = make(format)
    if (inspected.promises === undefined) {
      write(level, inspected.text)
      return
    }
    const margin = indent
    const finish = writer.writeLater(level, inspected.text)
    whenStatesAreKnown(inspected, (text) => finish(margin + indentLines(p, text, margin)))
  }

  function print(level: Level, args: readonly unknown[]): void {
    if (hasObject(args)) writeInspected(level, (show) => formatLog(p, args, show))
    else
      write(
        level,
        formatLog(p, args, (value) => showPrimitive(p, value)),
      )
  }

  return {
    inspection,
    write,
    writeInspected,
    print,
    openGroup() {
      indent += '  '
    },
    closeGroup() {
      indent = p.stringSlice(indent, 2)
    },
  }
}

function hasObject(args: readonly unknown[]): boolean {
  for (let i = 0; i < args.length; i++) {
    if (typeof args[i] === 'function' || (typeof args[i] === 'object' && args[i] !== null)) return true
  }
  return false
}
