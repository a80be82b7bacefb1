import type { Codemode } from '../codemode.ts'
import { printable } from './printable.ts'

/** Writes a line for each tool call that was answered, and the console output of the code, while it runs. */
export function showProgress(codemode: Codemode, stderr: NodeJS.WritableStream): void {
  codemode.on('log', ({ text }) => void stderr.write(`${printable(text)}\n`))
  codemode.on('tool', ({ tool, durationMs, error }) => {
    const failure = error === undefined ? '' : ` failed: ${printable(error.message)}`
    stderr.write(`tools.${tool}${failure} (${Math.round(durationMs)} ms)\n`)
  })
}
