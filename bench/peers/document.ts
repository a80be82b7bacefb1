/** Writes the results of the comparison into docs/performance.md, between two markers, and the plot beside the others. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { markdownRows } from '../markdown.ts'
import { repository } from '../revision.ts'
import { spreadOf } from '../statistics.ts'
import { drawRatios } from './plot-ratios.ts'
import type { WorkloadResult } from './results.ts'
import { workloadRow } from './tables.ts'

const guide = join(repository, 'docs/performance.md')
const plot = join(repository, 'design/performance/peers.svg')
const markers = ['<!-- npm run bench peers: begin -->', '<!-- npm run bench peers: end -->'] as const

interface Measured {
  readonly results: readonly WorkloadResult[]
  readonly rounds: number
  /** Machine as it was before the measurement. */
  readonly machine: Readonly<Record<string, string | number>>
}

/** Replaces the measured numbers in docs/performance.md, and the plot. */
export function writeDocument(measured: Measured): void {
  const text = readFileSync(guide, 'utf8')
  const [begin, end] = markers.map((marker) => text.indexOf(marker))
  if (!(begin! >= 0 && end! > begin!)) throw new Error(`docs/performance.md has not both of ${markers.join(' and ')}.`)
  const section = `${markers[0]}\n\n${measuredSection(measured)}\n`
  writeFileSync(guide, text.slice(0, begin) + section + text.slice(end))
  writeFileSync(plot, drawRatios(measured.results))
  execFileSync(join(repository, 'node_modules/.bin/oxfmt'), [guide], { cwd: repository })
}

function measuredSection({ results, rounds, machine }: Measured): string {
  const { cpu, cores, kernel, node, revision } = machine
  const load = Number(machine['load1m']).toFixed(1)
  const at = new Date().toISOString().slice(0, 10)
  return [
    `Measured on ${at} at ${revision}, in ${rounds} rounds, on a machine with ${cores} cores (${cpu}), kernel ${kernel}, ` +
      `Node ${node}. The load average was ${load} before the run.`,
    '',
    'Medians of the rounds:',
    '',
    markdownRows(results.map((result) => workloadRow(result, ({ value }) => value && spreadOf([value.median])))),
    'Codemode divided by the peer, as the median of the ratios of the rounds, with the range:',
    '',
    markdownRows(results.map((result) => workloadRow(result, ({ ratio }) => ratio))),
    '![Codemode divided by each peer](../design/performance/peers.svg)',
    '',
  ].join('\n')
}
