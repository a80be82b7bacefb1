/** Runs the named scripts of package.json beside each other; prints the output of each one when it ends. */
import { execFile } from 'node:child_process'
import process, { argv } from 'node:process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Returns whether the script succeeded. */
async function succeeds(name: string): Promise<boolean> {
  const running = run('npm', ['run', '--silent', name], { maxBuffer: Infinity })
  const { stdout, stderr } = await running.catch((error: { stdout: string; stderr: string }) => error)
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  return running.child.exitCode === 0
}

const results = await Promise.all(argv.slice(2).map(succeeds))
if (results.includes(false)) process.exitCode = 1
