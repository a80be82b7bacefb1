import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

import { describe, expect, test } from 'vitest'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const { resolve } = createRequire(import.meta.url)

/** Nodes that a package does not support, by their version. */
const olderNodes = { 20: nodeOf('node-20'), 22: nodeOf('node-22'), 24: nodeOf('node-24') }

const client = { name: '@codemode/client', command: 'dist/command/main.js', older: [20] as const }
const executor = { name: '@codemode/executor', command: 'dist/main.js', older: [20, 22, 24] as const }
const refusals = [client, executor].flatMap(({ older, ...each }) => older.map((version) => ({ ...each, version })))

describe.each(refusals)('$name on Node $version', ({ name, command, version }) => {
  test('has a command that prints one line with the version it needs', { tags: ['CL-5'] }, async () => {
    const expected = await refusalOf(name, olderNodes[version])
    const failure = await failureOf(olderNodes[version], [join(root, 'packages', folderOf(name), command), '--help'])
    expect(failure).toMatchObject({ stdout: '', stderr: `${expected}\n` })
  })

  test('throws that line when it is imported or required', { tags: ['CL-5'] }, async () => {
    const expected = await refusalOf(name, olderNodes[version])
    for (const program of [
      `import(${JSON.stringify(name)}).catch(({ message }) => process.stdout.write(message))`,
      `try { require(${JSON.stringify(name)}) } catch ({ message }) { process.stdout.write(message) }`,
    ]) {
      const { stdout } = await run(olderNodes[version], ['--no-warnings', '-e', program], { cwd: root })
      expect(stdout).toBe(expected)
    }
  })
})

test('the client can be required on the oldest Node that it supports', { tags: ['CL-5'] }, async () => {
  const program = `process.stdout.write(typeof require('@codemode/client').Codemode)`
  expect((await run(olderNodes[22], ['-e', program], { cwd: root })).stdout).toBe('function')
})

/** Returns the message of a package on that Node, with the version that its manifest demands. */
async function refusalOf(name: string, node: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(root, 'packages', folderOf(name), 'package.json'), 'utf8'))
  const { stdout } = await run(node, ['--version'])
  const oldest = /^>=([\d.]+)$/.exec(manifest.engines.node)![1]
  const remedy = `As a package of the project: npm install node@${Number.parseInt(oldest!)}`
  return `${name} needs Node ${oldest} or newer; this is Node ${stdout.trim().slice(1)}. ${remedy}`
}

async function failureOf(node: string, args: readonly string[]): Promise<unknown> {
  return run(node, args).then(
    () => 'it did not fail',
    (failure: unknown) => failure,
  )
}

function folderOf(name: string): string {
  return name.replace('@codemode/', '')
}

function nodeOf(name: string): string {
  return join(dirname(resolve(`${name}/package.json`)), 'bin/node')
}
