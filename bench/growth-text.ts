/**
 * Measures the CPU time of each function that takes text of a guest, a tool, a client, an executor or the network, over
 * three doublings up to the largest size that the limits accept. Of a function's inputs, at most two are measured: the
 * slowest one, and the one with the steepest growth. `--of WORD` selects the functions whose name contains that word.
 */
import process from 'node:process'

import type { Report } from './report.ts'
import type { Workload } from './workload.ts'
import { clientSubjects } from './growth-text/client.ts'
import { executorSubjects } from './growth-text/executor.ts'
import { sandboxSubjects } from './growth-text/sandbox.ts'
import type { TextSubject } from './growth-text/subject.ts'

/** Upper bound of a doubling's factor that counts as linear: noise stays below it, quadratic growth is 4. */
const limit = 2.5
const doublings = 3
/** Number of runs per size; the fastest one counts. */
const runs = 3
/** Factor by which the size at which the slowest inputs are determined is below the largest size. */
const scanDivisor = 8
/** Milliseconds at the largest size below which growth does not matter. */
const negligibleMs = 1
/**
 * Least CPU time of a measurement, in milliseconds: an input runs repeatedly until then, because the CPU clock is
 * coarse.
 */
const measurableMs = 6
const maxRepeats = 256
/** Milliseconds after which an input is not doubled any more. */
const maxRunMs = 3_000

type Run = (input: unknown) => unknown

/** Times of one function with one kind of input. */
interface Growth {
  readonly function: string
  readonly input: string
  readonly size: string
  readonly ms: number
  readonly 'µs each': number
  /** Factor of each doubling. */
  readonly doublings: string
  /** Average factor of a doubling; undefined where the time is negligible. */
  readonly 'factor per doubling': number | undefined
}

export const growthText: Workload = async (args, report) => {
  const word = args[0] === '--of' ? (args[1] ?? '') : ''
  await reportGrowth('client', clientSubjects, { word, report })
  await reportGrowth('executor', executorSubjects, { word, report })
  await reportGrowth('sandbox processes and guests', sandboxSubjects, { word, report })
}

async function reportGrowth(
  of: string,
  subjects: readonly TextSubject[],
  { word, report }: { word: string; report: Report },
): Promise<void> {
  const rows: Growth[] = []
  for (const subject of subjects.filter(({ name }) => name.includes(word))) {
    for (const input of await slowestInputs(subject)) rows.push(await grow(subject, input))
  }
  if (rows.length === 0) return
  report.table(`Growth of CPU time in the ${of}`, rows as unknown as Parameters<Report['table']>[1])
  const worst = Math.max(...rows.map((row) => row['factor per doubling'] ?? 0))
  const goal = `largest factor of a doubling of the text: ${of}`
  report.goal({ goal, unit: '× the CPU time', bound: 'at most', limit, values: [worst] })
}

/**
 * Returns the input that takes longest and the one that grows most from half the size, at a fraction of the largest
 * size.
 */
async function slowestInputs({ inputs, maxSize, run }: TextSubject): Promise<string[]> {
  const found: { name: string; ms: number; factor: number }[] = []
  for (const [name, make] of Object.entries(inputs)) {
    const halfMs = await msOf(run as Run, make(Math.floor(maxSize / scanDivisor / 2)))
    const ms = halfMs > maxRunMs ? Infinity : await msOf(run as Run, make(Math.floor(maxSize / scanDivisor)))
    found.push({ name, ms, factor: ms / halfMs })
  }
  const slowest = found.toSorted((a, b) => b.ms - a.ms)
  const steepest = slowest.filter(({ ms }) => ms * scanDivisor > negligibleMs).toSorted((a, b) => b.factor - a.factor)
  return [...new Set([slowest[0]!.name, steepest[0]?.name])].filter((name) => name !== undefined)
}

async function grow({ name, unit, maxSize, inputs, run }: TextSubject, input: string): Promise<Growth> {
  const sizes = Array.from({ length: doublings + 1 }, (_, n) => Math.floor(maxSize / 2 ** (doublings - n)))
  const took: number[] = []
  for (const size of sizes) {
    const measured: number[] = []
    for (let n = 0; n < runs && (measured[0] ?? 0) < maxRunMs; n++) {
      measured.push(await msOf(run as Run, inputs[input]!(size)))
    }
    took.push(Math.min(...measured))
    if (took.at(-1)! > maxRunMs) break
  }
  const size = sizes[took.length - 1]!
  const ms = took.at(-1)!
  const factors = took.slice(1).map((each, n) => each / took[n]!)
  const growth = (ms / took[0]!) ** (1 / factors.length)
  return {
    function: name,
    input,
    size: `${size} ${unit}`,
    ms,
    'µs each': (ms * 1_000) / size,
    doublings: factors.map((factor) => factor.toFixed(2)).join(' '),
    'factor per doubling': ms < negligibleMs ? undefined : growth,
  }
}

/** Returns the CPU time of this thread for one run, in milliseconds. */
async function msOf(run: Run, input: unknown): Promise<number> {
  const before = process.threadCpuUsage()
  for (let times = 1; ; times++) {
    await run(input)
    const { user, system } = process.threadCpuUsage(before)
    const ms = (user + system) / 1_000
    if (ms >= measurableMs || times === maxRepeats) return Math.max(ms, 0.001) / times
  }
}
