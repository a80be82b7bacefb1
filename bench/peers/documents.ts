/** Writes the results of the comparison into the documents, between two markers, and the plot beside the others. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { goalRow, printed, type Goal } from '../goals.ts'
import { markdownRows } from '../markdown.ts'
import { repository } from '../revision.ts'
import { versionList } from './installation.ts'
import { drawRatios } from './plot-ratios.ts'
import type { WorkloadResult } from './results.ts'
import { workloadRow } from './tables.ts'

const guide = 'docs/performance.md'
const labNotes = 'design/peers.md'
const plot = 'design/performance/peers.svg'
/** Load average before the run below which the machine counts as quiet. */
const quietLoad = 0.5
const [begin, end] = ['<!-- npm run bench peers: begin -->', '<!-- npm run bench peers: end -->']

interface Measured {
  readonly results: readonly WorkloadResult[]
  readonly goals: readonly Goal[]
  readonly rounds: number
  /** Machine as it was before the measurement. */
  readonly machine: Readonly<Record<string, string | number>>
  readonly notes: readonly string[]
}

/** Replaces the numbers in the guide and in the lab notes, and the plot. */
export function writeDocuments({ results, goals, ...run }: Measured): void {
  const conditions = describeRun(run)
  replaceSection(guide, [
    conditions,
    wrapped(`Versions: ${versionList}.`),
    'Medians of the rounds:',
    markdownRows(results.map((result) => workloadRow(result, ({ value }) => value?.median))),
    'Codemode divided by the peer: the median of the ratios of the rounds, with their range.',
    markdownRows(results.map((result) => workloadRow(result, ({ ratio }) => ratio))),
    '![Codemode divided by each peer](../design/performance/peers.svg)',
  ])
  replaceSection(labNotes, [conditions, markdownRows(goals.map((goal) => printed(goalRow(goal))))])
  writeFileSync(join(repository, plot), drawRatios(results))
  execFileSync('node_modules/.bin/oxfmt', [guide, labNotes], {
    cwd: repository,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

function describeRun({ rounds, machine, notes }: Omit<Measured, 'results' | 'goals'>): string {
  const { cpu, cores, kernel, node, revision } = machine
  const load = Number(machine['load1m'])
  const at = new Date().toISOString().slice(0, 10)
  const measured =
    `Measured on ${at} at ${revision}, in ${rounds === 1 ? 'one round' : `${rounds} rounds`}, on ${cpu} with ${cores} cores, ` +
    `kernel ${kernel}, Node ${node}.`
  const busy =
    `Other programs used the machine: the load average was ${load.toFixed(1)} before the run. So only the ratios mean ` +
    'something, and only where their range is narrow.'
  return wrapped([measured, ...(load < quietLoad ? [] : [busy]), ...notes].join(' '))
}

/** Breaks a paragraph into lines. */
function wrapped(text: string): string {
  return text.replaceAll(/(.{1,119})(?: |$)/g, '$1\n').trimEnd()
}

function replaceSection(file: string, parts: readonly string[]): void {
  const path = join(repository, file)
  const text = readFileSync(path, 'utf8')
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${file} must have ${begin} and, after it, ${end}.`)
  writeFileSync(path, [text.slice(0, from) + begin, ...parts, text.slice(to)].join('\n\n'))
}
