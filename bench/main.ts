/**
 * Runs workloads: `npm run bench [name …] [-- options]`, all but `peers` by default. `--rounds N` runs N rounds of each, 5
 * by default, of `peers` 7; `--against REV` also measures that revision of this repository, in the same run; `--json FILE` also
 * writes the raw numbers, which `npm run bench plot FILE` draws. Further options belong to one workload and are
 * documented in its file.
 */
import { writeFileSync } from 'node:fs'
import process, { argv } from 'node:process'

import { machine, Report } from './report.ts'
import { tableLines } from './table.ts'
import type { Workload } from './workload.ts'

const workloads: Record<string, () => Promise<Workload>> = {
  trivial: async () => (await import('./trivial.ts')).trivial,
  'tool-calls': async () => (await import('./tool-calls.ts')).toolCalls,
  waiting: async () => (await import('./waiting.ts')).waiting,
  sessions: async () => (await import('./sessions.ts')).sessions,
  sizes: async () => (await import('./sizes.ts')).sizes,
  'cold-start': async () => (await import('./cold-start.ts')).coldStart,
  telemetry: async () => (await import('./telemetry.ts')).telemetry,
  recovery: async () => (await import('./recovery.ts')).recovery,
  'growth-executions': async () => (await import('./growth-executions.ts')).growthExecutions,
  'growth-calls': async () => (await import('./growth-calls.ts')).growthCalls,
  'growth-bytes': async () => (await import('./growth-bytes.ts')).growthBytes,
  'growth-text': async () => (await import('./growth-text.ts')).growthText,
  'memory-while-waiting': async () => (await import('./memory-while-waiting.ts')).memoryWhileWaiting,
  'memory-in-a-row': async () => (await import('./memory-in-a-row.ts')).memoryInARow,
  collections: async () => (await import('./collections.ts')).collectionsBench,
  'event-loop': async () => (await import('./event-loop.ts')).eventLoop,
  ticker: async () => (await import('./ticker.ts')).ticker,
  durable: async () => (await import('./durable.ts')).durable,
  chaos: async () => (await import('./chaos.ts')).chaos,
  peers: async () => (await import('./peers.ts')).peers,
}
/** Workloads that run only if they are named: this one takes minutes, and installs packages. */
const onlyIfNamed = new Set(['peers'])
const defaultRounds = (name: string): number => (name === 'peers' ? 7 : 5)

const args = argv.slice(2)
const jsonFile = take('--json')
const rounds = take('--rounds')
const against = take('--against')
const firstOption = args.findIndex((arg) => !Object.hasOwn(workloads, arg))
const names = firstOption < 0 ? args.splice(0) : args.splice(0, firstOption)
const isMisused = (args.length > 0 && names.length !== 1) || !(Number(rounds ?? 1) >= 1)

if (argv[2] === 'plot' && args[1] !== undefined) {
  const { plot } = await import('./plot.ts')
  console.log(plot(args[1]).join('\n'))
} else if (isMisused) {
  console.error(
    `Usage: npm run bench [name …] [-- options], or npm run bench plot FILE. The names: ${Object.keys(workloads).join(', ')}`,
  )
  process.exitCode = 2
} else {
  const report = new Report()
  console.log(tableLines([machine()]).join('\n'))
  try {
    for (const name of names.length > 0 ? names : Object.keys(workloads).filter((name) => !onlyIfNamed.has(name))) {
      console.log(`\n## ${name}`)
      const workload = await workloads[name]!()
      const began = performance.now()
      await workload(args, report, { rounds: Number(rounds ?? defaultRounds(name)), against })
      report.note(`\n${name} took ${((performance.now() - began) / 1_000).toFixed(0)} s`)
    }
  } finally {
    report.printGoals()
    if (jsonFile !== undefined) writeFileSync(jsonFile, report.json(argv.slice(2)))
  }
}

/** Removes an option and its value from the arguments, and returns the value. */
function take(option: string): string | undefined {
  const at = args.indexOf(option)
  return at < 0 ? undefined : args.splice(at, 2)[1]
}
