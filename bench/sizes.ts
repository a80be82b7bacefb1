/**
 * Measures the cost of size: 1 MiB of input and result, compared with one `JSON.stringify` and `JSON.parse` of the same
 * value in this process; 64 KiB of logs; TypeScript, compared with the same code in JavaScript.
 */
import type { Codemode, ExecuteOptions, Json } from '@codemode/client'

import { compared, spreads } from './comparison.ts'
import { latencies } from './in-flight.ts'
import type { Workload } from './workload.ts'
import { byRound, interleaved } from './rounds.ts'
import { median } from './statistics.ts'
import { startSubjects } from './subjects.ts'
import { records, text } from './values.ts'

const MiB = 1024 * 1024
const forMs = 300
/** Boundaries that a value crosses: from the client over the executor to the sandbox process, and back. */
const boundaries = 4
const javaScript = `
  const total = (lines, of) => lines.filter((line) => line.product === of).reduce((sum, line) => sum + line.amount, 0)
  const lines = Array.from({ length: 20 }, (_, i) => ({ product: i % 2 === 0 ? 'even' : 'odd', amount: i }))
  return [total(lines, 'even'), total(lines, 'odd')]`
const typeScript = `
  interface Line { readonly product: 'even' | 'odd'; readonly amount: number }
  const total = (lines: readonly Line[], of: Line['product']): number => lines.filter((line) => line.product === of).reduce((sum: number, line) => sum + line.amount, 0)
  const lines: Line[] = Array.from({ length: 20 }, (_, i): Line => ({ product: i % 2 === 0 ? 'even' : 'odd', amount: i }))
  return [total(lines, 'even'), total(lines, 'odd')] as const`
const values = { text: text(MiB), records: records(MiB) }

interface Case {
  readonly code: string
  readonly options?: ExecuteOptions
}

const cases = {
  trivial: { code: 'return 1' },
  'text in': { code: 'return input.length', options: { input: values.text } },
  'text out': { code: `return 'x'.repeat(${values.text.length})` },
  'text in and out': { code: 'return input', options: { input: values.text } },
  'records in and out': { code: 'return input', options: { input: values.records } },
  '64 KiB of logs': { code: `const line = 'x'.repeat(1_000); for (let i = 0; i < 64; i++) console.log(line)` },
  JavaScript: { code: javaScript },
  TypeScript: { code: typeScript },
} satisfies Record<string, Case>
type CaseName = keyof typeof cases

export const sizes: Workload = async (_args, report, options) => {
  await using stack = new AsyncDisposableStack()
  const subjects = await startSubjects(options, stack)
  const clients = new Map(subjects.map((subject) => [subject, subject.connect()]))
  for (const client of clients.values()) await everyCase(client)
  const rounds = await interleaved(options, {
    baseline: async () => ({ textMs: await jsonMs(values.text), recordsMs: await jsonMs(values.records) }),
    subjects,
    measure: (subject) => everyCase(clients.get(subject)!),
  })
  report.table('JSON.stringify and JSON.parse of 1 MiB: milliseconds, p50', [
    spreads(rounds.baseline.map(({ textMs, recordsMs }) => ({ text: textMs, records: recordsMs }))),
  ])
  report.table(
    'Executions by size, one at a time',
    (Object.keys(cases) as CaseName[]).flatMap((name) =>
      compared(rounds, (sample) => ({ 'p50 ms': sample[name], '× trivial': sample[name] / sample.trivial }), {
        execution: name,
      }),
    ),
  )
  for (const value of ['text', 'records'] as const) {
    report.goal({
      goal: `1 MiB of ${value} in and out`,
      unit: `× ${boundaries} × JSON round trip`,
      bound: 'at most',
      limit: 3,
      values: byRound(rounds, (sample, baseline) => {
        return sample[`${value} in and out`] / (boundaries * baseline[`${value}Ms`])
      }),
    })
  }
}

async function everyCase(codemode: Codemode): Promise<Record<CaseName, number>> {
  const found: Partial<Record<CaseName, number>> = {}
  for (const name of Object.keys(cases) as CaseName[]) found[name] = await p50(codemode, cases[name])
  return found as Record<CaseName, number>
}

async function p50(codemode: Codemode, { code, options }: Case): Promise<number> {
  return median(await latencies({ forMs, limit: 1 }, () => codemode.executeAsync(code, options)))
}

async function jsonMs(value: Json): Promise<number> {
  const roundTrip = () => Promise.resolve(JSON.parse(JSON.stringify(value)) as Json)
  return median(await latencies({ forMs, limit: 1 }, roundTrip))
}
