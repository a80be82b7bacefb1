/**
 * The Dockerfile, without Docker: the commands of its build run in a temporary folder, and its entry point with its environment.
 * The address and the store are those of the test.
 */
import { execFile } from 'node:child_process'
import { cp, mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { env, execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { connect, freePort } from '@codemode/testkit'
import { expect, test } from 'vitest'

import { newFolder, startCommand, variablesIn } from './started.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const maxBuffer = 100_000_000
/** The Node of the image is that of this process. */
const path = `${dirname(execPath)}:${env['PATH']}`

/** Instruction of a Dockerfile. */
interface Instruction {
  readonly name: string
  readonly text: string
}

/** Returns the stages of a Dockerfile, each as its instructions. */
function stagesOf(dockerfile: string): Instruction[][] {
  const lines = dockerfile
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
  const instructions = lines.flatMap((line) => {
    const [, name, text] = /^([A-Z]+) (.*)$/.exec(line) ?? []
    return name === undefined ? [] : [{ name, text: text! }]
  })
  const starts = instructions.flatMap(({ name }, index) => (name === 'FROM' ? [index] : []))
  return starts.map((start, stage) => instructions.slice(start, starts[stage + 1]))
}

const textsOf = (stage: readonly Instruction[], name: string): string[] =>
  stage.filter((instruction) => instruction.name === name).map(({ text }) => text)

/** Copies the tracked files that the stage copies. It does not apply `.dockerignore`. */
async function copySources(stage: readonly Instruction[], folder: string): Promise<void> {
  const sources = textsOf(stage, 'COPY').flatMap((text) => text.split(' ').slice(0, -1))
  const { stdout } = await run('git', ['ls-files'], { cwd: root, maxBuffer })
  const isCopied = (file: string) => sources.some((source) => file === source || file.startsWith(`${source}/`))
  for (const file of stdout.trim().split('\n').filter(isCopied)) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await cp(join(root, file), join(folder, file))
  }
}

test('its commands build an executor that starts, is healthy, and stops', { tags: ['OP-4'] }, async () => {
  const folder = await newFolder()
  const build = join(folder, 'build')
  await mkdir(build)
  const withTestPaths = (text: string) =>
    text
      .replaceAll('/build', build)
      .replaceAll('/opt/codemode-executor', join(folder, 'image'))
      .replaceAll('/var/lib/codemode', join(folder, 'data'))
  const dockerfile = await readFile(join(root, 'packages/executor/Dockerfile'), 'utf8')
  const [buildStage, finalStage] = stagesOf(dockerfile) as [Instruction[], Instruction[]]

  await copySources(buildStage, build)
  for (const command of textsOf(buildStage, 'RUN')) {
    const options = { cwd: build, env: { ...env, PATH: path }, maxBuffer }
    await run('sh', ['-ec', withTestPaths(command)], options).catch(({ stdout, stderr }: Record<string, string>) => {
      throw new Error(`${command}\n${stdout}${stderr}`)
    })
  }

  // These need root and the base image, so they do not run here.
  expect(textsOf(finalStage, 'RUN').map((command) => command.split(' ')[0])).toEqual(['apt-get', 'install'])
  const apiKey = 'a-key-for-this-run-only'
  const variables = {
    PATH: path,
    ...variablesIn(withTestPaths(textsOf(finalStage, 'ENV').join(' '))),
    CODEMODE_API_KEY: apiKey,
    CODEMODE_HOST: '127.0.0.1',
    CODEMODE_PORT: String(await freePort()),
    CODEMODE_STORE: 'none',
  }
  const entryPoint = JSON.parse(withTestPaths(textsOf(finalStage, 'ENTRYPOINT')[0]!)) as string[]
  const executor = await startCommand(entryPoint, { cwd: folder, variables })
  const [, command] = /CMD (\[.*\])$/.exec(textsOf(finalStage, 'HEALTHCHECK')[0]!)!
  const [file, ...args] = JSON.parse(command!) as string[]
  const checkHealth = () => run(file!, args, { env: variables })
  await checkHealth()
  await using client = connect(executor, { executorApiKey: apiKey })
  expect(await client.executeAsync('return 6 * 7')).toBe(42)
  expect((await fetch(`${executor.url}/console`)).status).toBe(200)
  expect(await executor.stop()).toEqual([0, null])
  await expect(checkHealth()).rejects.toMatchObject({ code: 1 })
})
