import { execFileSync } from 'node:child_process'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { versions } from 'node:process'

import manifest from '../package.json' with { type: 'json' }
import { goalRow, printed, type Goal, type GoalRow } from './goals.ts'
import { repository } from './revision.ts'
import { tableLines, type Row } from './table.ts'

/** Results of the workloads, printed as they arrive and kept for `--json`. */
export class Report {
  readonly #found: Record<string, unknown>[] = []
  readonly #goals: GoalRow[] = []

  /** Prints rows as a table; the JSON contains all their values. */
  table(title: string, rows: readonly Row[]): void {
    console.log(`\n${title}\n${tableLines(rows).join('\n')}`)
    this.#found.push({ title, rows })
  }

  /** Prints a line of text. */
  note(text: string): void {
    console.log(text)
    this.#found.push({ note: text })
  }

  /** Adds a goal to the table that `printGoals` prints. */
  goal(goal: Goal): void {
    this.#goals.push(goalRow(goal))
  }

  /** Prints the goals of all workloads. */
  printGoals(): void {
    if (this.#goals.length === 0) return
    console.log(`\nGoals\n${tableLines(this.#goals.map(printed)).join('\n')}`)
  }

  /** Keeps a value for the JSON without printing it. */
  keep(title: string, value: unknown): void {
    this.#found.push({ title, value })
  }

  /** Returns all results as JSON, with a description of the machine. */
  json(command: readonly string[]): string {
    const at = new Date().toISOString()
    const goals = this.#goals
    return JSON.stringify({ command, at, machine: machine(), goals, found: this.#found }, null, 2)
  }
}

/** Returns the properties of the machine that the numbers depend on. */
export function machine(): Record<string, string | number> {
  const { node, v8 } = versions
  const { 'isolated-vm': isolatedVm, undici, hono } = manifest.devDependencies
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryMb: Math.round(totalmem() / 1024 ** 2),
    kernel: release(),
    node,
    v8,
    'isolated-vm': isolatedVm,
    undici,
    hono,
    revision: revision(),
    load1m: loadavg()[0]!,
  }
}

function revision(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], {
      cwd: repository,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return 'unknown'
  }
}
