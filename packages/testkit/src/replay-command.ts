import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { promisify } from 'node:util'

import type { Journal } from '@codemode/shared'

import { executorProgram } from './programs.ts'

/** Runs `codemode-executor replay` on the journals, and resolves with its exit code and its output. */
export async function replayOf(journals: readonly Journal[]): Promise<{ exitCode: number; lines: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'codemode-replay-'))
  const paths = journals.map((_, i) => join(folder, `${i}.json`))
  await Promise.all(paths.map((path, i) => writeFile(path, JSON.stringify(journals[i]))))
  const run = promisify(execFile)(execPath, [...executorProgram, 'replay', ...paths], { maxBuffer: 1e8 })
  const { stdout, exitCode } = await run.then(
    ({ stdout }) => ({ stdout, exitCode: 0 }),
    ({ stdout, code }: { stdout: string; code: number }) => ({ stdout, exitCode: code }),
  )
  await rm(folder, { recursive: true })
  return { exitCode, lines: stdout.trim().split('\n') }
}
