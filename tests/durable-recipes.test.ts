import { chmod, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { connect, freePort, keyOf, startExecutorProcess, writeKeysFile } from '@codemode/testkit'
import type { ExecutorProcess, KeysFile } from '@codemode/testkit'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { connectionTo, lockOf } from '../packages/executor/src/store/embedded/running-server.ts'
import { ExampleProgram } from './support/example-program.ts'

let folder: string
let keys: KeysFile
let executorEnv: Record<string, string>
let executor: ExecutorProcess

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codemode-recipes-'))
  // The embedded PostgreSQL of an executor that root runs belongs to another user.
  await chmod(folder, 0o755)
  keys = await writeKeysFile({ ada: { tenant: 'acme', rights: ['run'] }, bob: { tenant: 'acme', rights: ['run'] } })
  executorEnv = {
    CODEMODE_STORE: 'postgres',
    CODEMODE_DATA_DIR: join(folder, 'executor'),
    CODEMODE_PORT: String(await freePort()),
    CODEMODE_API_KEY: '',
    CODEMODE_API_KEYS_FILE: keys.config.apiKeysFile!,
    CODEMODE_SANDBOX_PROCESSES: '1',
  }
  executor = await startExecutorProcess({ env: executorEnv })
})
afterAll(async () => {
  await executor[Symbol.asyncDispose]()
  await keys[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

/** Lets the time pass after which the executions of a dead node are given to another one. */
async function expireHeartbeats(): Promise<void> {
  const { address } = lockOf(join(folder, 'executor', 'postgres'))!
  const client = new pg.Client(connectionTo(address!, 'codemode'))
  await client.connect()
  await client.query("update codemode_jobs.job set heartbeat_on = now() - interval '1 minute' where state = 'active'")
  await client.end()
}

async function killAndRestartExecutor(): Promise<void> {
  await executor.kill()
  await expireHeartbeats()
  executor = await startExecutorProcess({ env: executorEnv })
}

function start(path: string, env: Record<string, string>, ...args: string[]): ExampleProgram {
  const connection = { CODEMODE_EXECUTOR_URL: executor.url, CODEMODE_EXECUTOR_API_KEY: keyOf('ada') }
  return new ExampleProgram(path, { args, env: { ...connection, ...env } })
}

/** Report of a job, with the time at which its file was written. */
interface Report {
  readonly id: string
  readonly status: string
  readonly rows: number
  readonly writtenAt: number
}

/** Returns the reports of a run: of its jobs `good`, `broken` and `endless`. */
async function reportsOf(run: string): Promise<Report[]> {
  const files = ['good', 'broken', 'endless'].map((job) => join(folder, run, `${job}.json`))
  const read = async (file: string) => {
    const report = JSON.parse(await readFile(file, 'utf8')) as Omit<Report, 'writtenAt'>
    return { ...report, writtenAt: (await stat(file)).mtimeMs }
  }
  return Promise.all(files.map(read))
}

/** Returns the rows that the tool has converted for the job `good`, in order. */
const goodRows = (output: string) =>
  Array.from(output.matchAll(/^converted row (\d+) of good$/gm), ([, row]) => Number(row))

describe('the batch job', () => {
  test.each([
    ['nothing is killed', false, false],
    ['the executor is killed', true, false],
    ['the program is killed', false, true],
    ['both are killed', true, true],
  ])('ends right and is reported once when %s', { tags: ['JB-1'] }, async (run, killsExecutor, killsProgram) => {
    const env = { JOBS_FOLDER: folder, JOBS_PORT: String(await freePort()) }
    await using first = start('durable/batch-job.ts', env, run)
    await expect.poll(() => first.stdout).toContain('converted row 4 ')
    if (killsProgram) await first[Symbol.asyncDispose]()
    if (killsExecutor) await killAndRestartExecutor()
    await using second = killsProgram ? start('durable/batch-job.ts', env, run) : undefined
    expect(await (second ?? first).ended()).toEqual({ code: 0, stderr: '' })

    const reports = await reportsOf(run)
    const [good, broken, endless] = reports
    expect(good).toMatchObject({ status: 'completed', value: '12 rows', rows: 12 })
    expect(broken).toMatchObject({ status: 'GUEST_ERROR', rows: 1 })
    expect(endless).toMatchObject({ status: 'EXECUTION_TIMEOUT' })
    const rows = goodRows(first.stdout + (second?.stdout ?? ''))
    const repeated = rows.filter((row, n) => rows.indexOf(row) < n)
    expect(new Set(rows)).toEqual(new Set(Array.from({ length: 12 }, (_, n) => n + 1)))
    // Only a call that was under way when the program was killed is repeated.
    expect(repeated.length).toBeLessThanOrEqual(killsProgram ? 1 : 0)
    expect(await readdir(join(folder, run, 'work'))).toEqual([])

    await using again = start('durable/batch-job.ts', env, run)
    expect(await again.ended()).toEqual({ code: 0, stderr: '' })
    expect(again.stdout).not.toContain('converted')
    expect(await reportsOf(run)).toEqual(reports)
  })

  test('is listed by its label for its owner, and not for another one', { tags: ['JB-1'] }, async () => {
    const run = 'listed'
    await using program = start(
      'durable/batch-job.ts',
      { JOBS_FOLDER: folder, JOBS_PORT: String(await freePort()) },
      run,
    )
    expect(await program.ended()).toEqual({ code: 0, stderr: '' })
    await using ada = connect(executor, { executorApiKey: keyOf('ada') })
    await using bob = connect(executor, { executorApiKey: keyOf('bob') })
    const owners: string[] = []
    for await (const { owner } of ada.listExecutions({ label: run })) owners.push(owner)
    expect(owners).toEqual(['ada', 'ada', 'ada'])
    for await (const { executionId } of bob.listExecutions({ label: run })) expect.unreachable(executionId)
    const [{ id } = { id: '' }] = await reportsOf(run)
    expect((await ada.getExecution(id)).status).toBe('completed')
    await expect(bob.getExecution(id)).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })
})

const greetTwice = `
  console.log('begins')
  const first = await tools.greet()
  await sleep(2_000)
  return [first, await tools.greet()]`

/** Fields of a server-sent event by name, such as `id` and `event`. */
type ServerEvent = Readonly<Record<string, string>>

/** Reads events of a job, up to the first one of the given type. */
async function readEvents(url: string, headers: Record<string, string>, last: string): Promise<ServerEvent[]> {
  const response = await fetch(url, { headers })
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  const events: ServerEvent[] = []
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const messages = (text + chunk).split('\n\n')
    text = messages.pop()!
    for (const message of messages) {
      const fields = Object.fromEntries(message.split('\n').map((line) => line.split(/: (.*)/s))) as ServerEvent
      events.push(fields)
      if (fields['event'] === last) return events
    }
  }
  throw new Error(`the stream ended without the event ${last}`)
}

/** Starts the job server, and resolves when it listens. */
async function startServer(port: number): Promise<ExampleProgram> {
  const server = start('durable/job-server.ts', { JOBS_PORT: String(port) })
  await expect.poll(() => server.stdout + server.stderr).toContain('jobs are served')
  return server
}

describe('the job server', () => {
  test('keeps jobs and their events over kills of itself and of the executor', { tags: ['JB-1', 'JB-2'] }, async () => {
    const port = await freePort()
    const jobs = `http://127.0.0.1:${port}/jobs`
    const headers = { 'x-user': 'ada' }
    const server = await startServer(port)
    const accepted = await fetch(jobs, { method: 'POST', body: greetTwice, headers })
    expect(accepted.status).toBe(202)
    const { id } = (await accepted.json()) as { id: string }
    expect(accepted.headers.get('location')).toBe(`/jobs/${id}`)
    const job = `${jobs}/${id}`
    const before = await readEvents(`${job}/events`, headers, 'tool.settled')
    await server[Symbol.asyncDispose]()

    await killAndRestartExecutor()
    await using restarted = await startServer(port)
    expect(await (await fetch(job, { headers })).json()).toMatchObject({ id })
    const resumed = { ...headers, 'last-event-id': before.at(-1)!['id']! }
    const after = await readEvents(`${job}/events`, resumed, 'finished')
    const result = ['hello, ada', 'hello, ada']
    expect(await (await fetch(job, { headers })).json()).toEqual({ id, status: 'completed', result })
    expect([...before, ...after]).toEqual(await readEvents(`${job}/events`, headers, 'finished'))
    const settled = [...before, ...after].filter(({ event }) => event === 'tool.settled')
    expect(settled).toHaveLength(2)
    expect(restarted.stderr).toBe('')
  })

  test('hides the jobs of one user from another one', { tags: ['JB-2'] }, async () => {
    const port = await freePort()
    const jobs = `http://127.0.0.1:${port}/jobs`
    await using server = await startServer(port)
    const submit = { method: 'POST', body: 'throw new Error("no such row")', headers: { 'x-user': 'ada' } }
    const { id } = (await (await fetch(jobs, submit)).json()) as { id: string }
    await readEvents(`${jobs}/${id}/events`, submit.headers, 'finished')
    const statusOf = async (path: string, headers = {}) => (await fetch(`${jobs}${path}`, { headers })).status
    for (const path of [`/${id}`, `/${id}/events`, '/unknown']) {
      expect([path, await statusOf(path)]).toEqual([path, 401])
      expect([path, await statusOf(path, { 'x-user': 'bob' })]).toEqual([path, 404])
    }
    const own = await fetch(`${jobs}/${id}`, { headers: submit.headers })
    expect(await own.json()).toEqual({ id, status: 'failed', error: 'no such row' })
    expect(server.stderr).toBe('')
  })
})
