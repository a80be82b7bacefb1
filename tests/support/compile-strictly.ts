import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'

const compiler = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))
const options = '--ignoreConfig --strict --noEmit --lib es2025 --pretty false'.split(' ')

/** Compiles a module with `tsc --strict`. Resolves with its errors, each as its line and the message; empty if there are none. */
export async function compileStrictly(source: string): Promise<{ line: number; message: string }[]> {
  const folder = await mkdtemp(join(tmpdir(), 'codemode-declarations-'))
  try {
    await writeFile(join(folder, 'module.ts'), `${source}\nexport {}\n`)
    const args = [compiler, ...options, '--types', '', 'module.ts']
    const output = await new Promise<string>((resolve) => {
      execFile(execPath, args, { cwd: folder, maxBuffer: 2 ** 26 }, (_error, stdout) => resolve(stdout))
    })
    const errors = [...output.matchAll(/^module\.ts\((?<line>\d+),\d+\): error (?<message>.*)/gm)]
    if (errors.length === 0 && output.trim() !== '') throw new Error(output)
    return errors.map(({ groups }) => ({ line: Number(groups!['line']), message: groups!['message']! }))
  } finally {
    await rm(folder, { recursive: true })
  }
}
