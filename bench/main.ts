/**
 * `npm run bench [name …] [-- options]` runs the workloads with those names, or all of them. `--json FILE` writes the raw
 * numbers as well; other options belong to the workload, and its file says which there are.
 */
import { writeFileSync } from 'node:fs'
import process, { argv } from 'node:process'

import { machine, Report } from './report.ts'
import { tableLines } from './table.ts'

/** Runs with the options that follow its name on the command line. */
export type Workload = (args: readonly string[], report: Report) => Promise<void>

const workloads: Record<string, () => Promise<Workload>> = {
  waiting: async () => (await import('./waiting.ts')).waiting,
  'hot-path': async () => (await import('./hot-path.ts')).hotPath,
  memory: async () => (await import('./memory.ts')).memory,
  'event-loop': async () => (await import('./event-loop.ts')).eventLoop,
  ticker: async () => (await import('./ticker.ts')).ticker,
  chaos: async () => (await import('./chaos.ts')).chaos,
}

const args = argv.slice(2)
const jsonAt = args.indexOf('--json')
const [, jsonFile] = jsonAt < 0 ? [] : args.splice(jsonAt, 2)
const firstOption = args.findIndex((arg) => !Object.hasOwn(workloads, arg))
const names = firstOption < 0 ? args.splice(0) : args.splice(0, firstOption)
const isMisused = args.length > 0 && names.length !== 1

if (isMisused) {
  console.error(`Usage: npm run bench [name …] [-- options]. The names: ${Object.keys(workloads).join(', ')}`)
  process.exitCode = 2
} else {
  const report = new Report()
  console.log(tableLines([machine()]).join('\n'))
  try {
    for (const name of names.length > 0 ? names : Object.keys(workloads)) {
      console.log(`\n## ${name}`)
      const workload = await workloads[name]!()
      await workload(args, report)
    }
  } finally {
    if (jsonFile !== undefined) writeFileSync(jsonFile, report.json(argv.slice(2)))
  }
}
