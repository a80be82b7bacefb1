import type { Report } from './report.ts'

/** Options of the command line that all workloads share. */
export interface SharedOptions {
  readonly rounds: number
  /** Revision of this repository to measure in the same run. */
  readonly against: string | undefined
}

/** Function that runs a benchmark with its own options, `args`, and those that all workloads share. */
export type Workload = (args: readonly string[], report: Report, options: SharedOptions) => Promise<void>
