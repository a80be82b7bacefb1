// Imports nothing and has only syntax that old Nodes parse, because it runs before the modules that need a newer Node.
export { nodeVersionProblem }

/**
 * Returns the message that the Node of `process.versions` is older than a package needs; undefined if it is not. The oldest version
 * that the package supports is given as `major.minor`. Other runtimes, such as Bun and Deno, are not checked.
 */
function nodeVersionProblem(
  name: string,
  oldest: string,
  versions: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (versions['bun'] !== undefined || versions['deno'] !== undefined) return undefined
  const { node = '' } = versions
  const [major = 0, minor = 0] = numbersOf(node)
  const [oldestMajor = 0, oldestMinor = 0] = numbersOf(oldest)
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined
  return `${name} needs Node ${oldest} or newer; this is Node ${node}. As a package of the project: npm install node@${oldestMajor}`
}

function numbersOf(version: string): number[] {
  return version.split('.').map(Number)
}
