// Imports nothing and has only syntax that old Nodes parse, because it runs before the modules that need a newer Node.
import { versions } from 'node:process'

export { nodeVersionProblem }

/**
 * Returns the message that this process's Node is older than a package needs; undefined if it is not. The oldest version that
 * the package supports is given as `major.minor`. Other runtimes, such as Bun and Deno, are not checked.
 */
function nodeVersionProblem(name: string, oldest: string): string | undefined {
  if (versions['bun'] !== undefined || versions['deno'] !== undefined) return undefined
  const [major = 0, minor = 0] = numbersOf(versions.node)
  const [oldestMajor = 0, oldestMinor = 0] = numbersOf(oldest)
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined
  return `${name} needs Node ${oldest} or newer; this is Node ${versions.node}.`
}

function numbersOf(version: string): number[] {
  return version.split('.').map(Number)
}
