import { execFile } from 'node:child_process'

/** User and group of a process; empty for those of the executor. */
export interface RunAs {
  readonly uid?: number
  readonly gid?: number
}

/** Outcome of a program that has ended. */
interface ProgramOutcome {
  /** Exit code, or the code of the system's error if the program could not be started. */
  readonly exitCode: number | string
  /** Text of both standard streams. */
  readonly output: string
}

/** Runs a program to its end, in the root folder, since its user may not have access to the executor's. */
export function run(
  program: string,
  args: readonly string[],
  { env, runAs }: { readonly env: Readonly<Record<string, string>>; readonly runAs: RunAs },
): Promise<ProgramOutcome> {
  return new Promise((resolve) => {
    execFile(program, args, { env, cwd: '/', ...runAs }, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : (error.code ?? error.signal ?? 1), output: stdout + stderr })
    })
  })
}
