/**
 * The systemd unit and the Dockerfile, without systemd and Docker: their commands run in temporary folders in place of their
 * paths, with their environment.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { env, execPath, version } from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { connect, freePort, startPostgres } from '@codemode/testkit'
import { expect, onTestFinished, test } from 'vitest'

import { install } from './installed.ts'
import { pack } from './packed.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const readText = (path: string) => readFile(join(root, path), 'utf8')

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'codemode-deployed-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

/** Starts a command, and resolves with its URL when it is ready. `stop` ends it with SIGTERM, and resolves with its exit. */
async function start([file, ...args]: readonly string[], { cwd, variables }: { cwd: string; variables: object }) {
  const child = spawn(file!, args, { cwd, env: { ...variables }, stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  child.stderr.on('data', (text) => (log += String(text)))
  const exited = once(child, 'exit')
  onTestFinished(() => void child.kill('SIGKILL'))
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /ready on (\S+)/.exec(line)?.[1]
    if (url === undefined) continue
    return {
      url,
      stop: () => {
        child.kill('SIGTERM')
        return exited
      },
    }
  }
  throw new Error(`${file} ended before it was ready: ${String(await exited)}\n${log}`)
}

/** Returns what systemd does not accept in a unit, but for a setting that its versions before 254 ignore. */
async function complaintsAbout(unit: string): Promise<string[]> {
  const verified = run('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', unit])
  const { stderr } = await verified.catch((error: { stderr: string }) => error)
  return stderr.split('\n').filter((line) => line !== '' && !line.includes("Unknown key 'DelegateSubgroup'"))
}

/** Returns the settings of a section of a systemd unit. */
function settingsOf(unit: string, section: string): Record<string, string> {
  const [, text = ''] = unit.split(`[${section}]\n`)
  const lines = text.split('\n[')[0]!.split('\n')
  return Object.fromEntries(lines.filter((line) => /^\w+=/.test(line)).map((line) => line.split(/=(.*)/s, 2)))
}

/** Returns the variables in lines or words such as `NAME=value`. */
const variablesIn = (text: string) =>
  Object.fromEntries(text.split(/\s+/).flatMap((word) => (word.includes('=') ? [word.split(/=(.*)/s, 2)] : [])))

test(
  'the systemd unit starts and stops an executor that was installed as the guide says',
  { tags: ['OP-4'] },
  async () => {
    const folder = await newFolder()
    await using database = await startPostgres()
    const tarballs = await pack(['@codemode/shared', '@codemode/console', '@codemode/executor'], folder)
    const opt = join(folder, 'opt')
    await install(opt, { tarballs, node: execPath, dependencies: { node: version.slice(1) } })
    // npm runs no scripts here, by which the package `node` gets its binary.
    await mkdir(join(opt, 'node_modules/.bin'), { recursive: true })
    await rm(join(opt, 'node_modules/.bin/node'), { force: true })
    await cp(execPath, join(opt, 'node_modules/.bin/node'))
    const etc = join(folder, 'etc')
    await mkdir(etc)
    const here = (text: string) =>
      text
        .replaceAll('/opt/codemode', opt)
        .replaceAll('/etc/codemode', etc)
        .replaceAll('/var/lib/codemode', join(folder, 'data'))

    const unit = here(await readText('deploy/codemode-executor.service'))
    await writeFile(join(folder, 'codemode-executor.service'), unit)
    expect(await complaintsAbout(join(folder, 'codemode-executor.service'))).toEqual([])

    const guide = await readText('docs/running.md')
    const [, configuration] = /```sh\n(CODEMODE_HOST=[^`]*)```/.exec(guide)!
    const [, createKey] = /\n(node_modules\/\.bin\/node .* keys create .*)\n/.exec(guide)!
    const { stdout: created } = await run('sh', ['-c', here(createKey!)], { cwd: opt })
    const { ExecStart, Environment } = settingsOf(unit, 'Service')
    const variables = {
      PATH: env['PATH'],
      ...variablesIn(Environment!),
      ...variablesIn(here(configuration!)),
      CODEMODE_HOST: '127.0.0.1',
      CODEMODE_PORT: String(await freePort()),
      CODEMODE_DATABASE_URL: database.url,
      CODEMODE_MIN_ISOLATION: 'permissions',
    }
    const executor = await start(ExecStart!.split(' '), { cwd: opt, variables })
    const [executorApiKey] = /cmk_\w+/.exec(created)!
    await using client = connect(executor, { executorApiKey })
    expect(await client.executeAsync('return 6 * 7')).toBe(42)
    expect(await executor.stop()).toEqual([0, null])
  },
)

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

test(
  'the commands of the Dockerfile build an executor that starts, is healthy, and stops',
  { tags: ['OP-4'] },
  async () => {
    const folder = await newFolder()
    const build = join(folder, 'build')
    const image = join(folder, 'image')
    await mkdir(build)
    const here = (text: string) =>
      text
        .replaceAll('/build', build)
        .replaceAll('/opt/codemode-executor', image)
        .replaceAll('/var/lib/codemode', join(folder, 'data'))
    const path = `${dirname(execPath)}:${env['PATH']}`
    const [building, final] = stagesOf(await readText('packages/executor/Dockerfile'))

    // The files of the repository, without those that .dockerignore leaves out.
    const { stdout: listed } = await run('git', ['ls-files'], { cwd: root, maxBuffer: 100_000_000 })
    const files = listed.trim().split('\n')
    const sources = building!.flatMap(({ name, text }) => (name === 'COPY' ? text.split(' ').slice(0, -1) : []))
    const isCopied = (file: string) => sources.some((source) => file === source || file.startsWith(`${source}/`))
    for (const file of files.filter(isCopied)) {
      await mkdir(dirname(join(build, file)), { recursive: true })
      await cp(join(root, file), join(build, file))
    }
    for (const { name, text } of building!) {
      if (name !== 'RUN') continue
      await run('sh', ['-ec', here(text)], { cwd: build, env: { ...env, PATH: path }, maxBuffer: 100_000_000 })
    }

    const textsOf = (name: string) => final!.filter((instruction) => instruction.name === name).map(({ text }) => text)
    // What needs root and the base image.
    expect(textsOf('RUN').map((text) => text.split(' ')[0])).toEqual(['apt-get', 'install'])
    const variables = {
      PATH: path,
      ...variablesIn(here(textsOf('ENV').join(' '))),
      CODEMODE_API_KEY: 'a-key-for-this-run-only',
      CODEMODE_PORT: String(await freePort()),
      CODEMODE_STORE: 'none',
    }
    const entry = JSON.parse(here(textsOf('ENTRYPOINT')[0]!)) as string[]
    const executor = await start(entry, { cwd: folder, variables })
    const [, health] = /CMD (\[.*\])$/.exec(textsOf('HEALTHCHECK')[0]!)!
    const [file, ...args] = JSON.parse(health!) as string[]
    await run(file!, args, { env: variables })
    const url = `http://127.0.0.1:${variables.CODEMODE_PORT}`
    await using client = connect({ url }, { executorApiKey: variables.CODEMODE_API_KEY })
    expect(await client.executeAsync('return 6 * 7')).toBe(42)
    expect((await fetch(`${url}/console`)).status).toBe(200)
    expect(await executor.stop()).toEqual([0, null])
    await expect(run(file!, args, { env: variables })).rejects.toMatchObject({ code: 1 })
  },
)
