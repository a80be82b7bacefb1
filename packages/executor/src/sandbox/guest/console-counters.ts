import type { Level } from './log-writer.ts'
import type { Primordials } from './primordials.ts'

/** Functions of the console that the counters use. */
interface CountersHost {
  /** Returns milliseconds. */
  now(): number
  print(level: Level, args: readonly unknown[]): void
  showLabel(label: unknown): string
  /** Functions that are called when a step of a session starts. */
  readonly atStepStart: (() => void)[]
}

/** Creates the methods of the console that count and measure by labels. */
export function createConsoleCounters(p: Primordials, { now, print, showLabel, atStepStart }: CountersHost) {
  // Made when they are first used.
  let counts: Map<string, number> | undefined
  let starts: Map<string, number> | undefined
  p.arrayPush(atStepStart, () => {
    counts = undefined
    starts = undefined
  })

  function labelOf(label: unknown): string {
    return typeof label === 'string' ? label : showLabel(label)
  }

  function writeElapsed(label: string, method: string, values: readonly unknown[]): void {
    const start = starts === undefined ? undefined : p.mapGet(starts, label)
    if (start === undefined) {
      print('warn', [`No such label '${label}' for console.${method}()`])
      return
    }
    const args: unknown[] = ['%s: %s', label, timeText(p, now() - start)]
    for (let i = 0; i < values.length; i++) p.arrayPush(args, values[i])
    print('log', args)
  }

  return {
    time(label: unknown = 'default') {
      const key = labelOf(label)
      starts ??= new p.Map()
      if (p.mapHas(starts, key)) print('warn', [`Label '${key}' already exists for console.time()`])
      else p.mapSet(starts, key, now())
    },
    timeLog(label: unknown = 'default', ...values: unknown[]) {
      writeElapsed(labelOf(label), 'timeLog', values)
    },
    timeEnd(label: unknown = 'default') {
      writeElapsed(labelOf(label), 'timeEnd', [])
      if (starts !== undefined) p.mapDelete(starts, labelOf(label))
    },
    count(label: unknown = 'default') {
      const key = labelOf(label)
      counts ??= new p.Map()
      const count = (p.mapGet(counts, key) ?? 0) + 1
      p.mapSet(counts, key, count)
      print('log', [`${key}: ${count}`])
    },
    countReset(label: unknown = 'default') {
      const key = labelOf(label)
      if (counts === undefined || !p.mapDelete(counts, key)) print('warn', [`Count for '${key}' does not exist`])
    },
  }
}

/** Returns a duration as Node shows it: `15ms`, `1.500s`, `1:02.345 (m:ss.mmm)` or `1:00:02.345 (h:mm:ss.mmm)`. */
function timeText(p: Primordials, ms: number): string {
  if (ms < 1_000) return `${ms}ms`
  const thousandths = p.stringPadStart(`${p.MathTrunc(ms) % 1_000}`, 3, '0')
  const seconds = p.MathTrunc(ms / 1_000)
  if (seconds < 60) return `${seconds}.${thousandths}s`
  const twoDigits = (value: number) => p.stringPadStart(`${value}`, 2, '0')
  const minutes = p.MathTrunc(seconds / 60)
  const tail = `${twoDigits(seconds % 60)}.${thousandths}`
  if (minutes < 60) return `${minutes}:${tail} (m:ss.mmm)`
  return `${p.MathTrunc(minutes / 60)}:${twoDigits(minutes % 60)}:${tail} (h:mm:ss.mmm)`
}
