// The command `codemode-executor keys`, as a process, and a running executor that reads the file that it writes.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, execPath } from 'node:process'

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import type { RunningExecutor } from '@codemode/executor'
import { api, executorProgram, keyOf, startExecutor } from '@codemode/testkit'

const cmk = /^cmk_[0-9a-f]{48}\n$/

let folder: string
let file: string
let executor: RunningExecutor

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codemode-keys-'))
  file = join(folder, 'keys.json')
  await writeFile(file, '[]')
  executor = await startExecutor({ apiKey: undefined, apiKeysFile: file })
})
afterAll(async () => {
  await executor.close({ drainMs: 0 })
  await rm(folder, { recursive: true })
})

/** Runs `codemode-executor keys` with the words of the line. */
async function keys(line: string, variables: Record<string, string> = { CODEMODE_API_KEYS_FILE: file }) {
  return new Promise<{ exitCode: unknown; stdout: string; stderr: string }>((resolve) => {
    const args = [...executorProgram, 'keys', ...line.split(' ')]
    execFile(execPath, args, { env: { PATH: env['PATH'], ...variables } }, (error, stdout, stderr) =>
      resolve({ exitCode: error === null ? 0 : error.code, stdout, stderr }),
    )
  })
}

/** Writes the file with the key `keyOf(id)` for each id. */
async function writeKeys(entries: Readonly<Record<string, object>>): Promise<void> {
  const content = Object.entries(entries).map(([id, entry]) => ({ id, sha256: sha256(keyOf(id)), ...entry }))
  await writeFile(file, JSON.stringify(content))
}

const sha256 = (key: string) => createHash('sha256').update(key).digest('hex')

const statusOf = async (key: string) => (await api(executor, '/v1/info', { key })).status

/** Creates a key by the command and resolves with it once the running executor accepts it. */
async function created(line: string): Promise<string> {
  const { exitCode, stdout, stderr } = await keys(`create ${line}`)
  expect(stderr).toContain('Created the key')
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(cmk)
  const key = stdout.trim()
  await expect.poll(() => statusOf(key)).toBe(200)
  return key
}

async function revoked(id: string, key: string): Promise<void> {
  expect(await keys(`revoke ${id}`)).toMatchObject({ exitCode: 0, stdout: '' })
  await expect.poll(() => statusOf(key)).toBe(401)
}

const run = (key: string, code = 'return 1') => api(executor, '/v1/executions', { key, body: { code } })

test(
  'a running executor accepts a key that was created and refuses one that was revoked, to the last one',
  { tags: ['OP-2'] },
  async () => {
    const first = await created('--tenant acme --id first')
    const second = await created('--tenant acme --id second')
    await revoked('first', first)
    expect(await run(first)).toMatchObject({ status: 401, body: { error: { code: 'UNAUTHORIZED' } } })
    expect(await run(second)).toMatchObject({ status: 200, body: { result: 1 } })
    await revoked('second', second)
    expect((await keys('list')).stderr).toContain('There is no key')
  },
)

test('the file and the list have no key, only what it may do', { tags: ['OP-2'] }, async () => {
  const key = await created('--tenant acme --id web --owner site --rights run,read --expires 90d')
  const content = await readFile(file, 'utf8')
  expect(content).not.toContain(key)
  expect(content).toContain(sha256(key))
  expect((await stat(file)).mode & 0o007).toBe(0)
  const gone = { id: 'gone', tenant: 'acme', sha256: 'a'.repeat(64), expiresAt: '2020-01-01T00:00:00Z' }
  await writeFile(file, JSON.stringify([...(JSON.parse(content) as object[]), gone]))
  const { stdout } = await keys('list')
  const [head, ...rows] = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(/ +/))
  expect(head).toEqual(['ID', 'OWNER', 'TENANT', 'RIGHTS', 'EXPIRES', 'STATE'])
  expect(rows).toEqual([
    ['web', 'site', 'acme', 'run,read', expect.stringMatching(/^20\d\d-/), 'active'],
    ['gone', 'gone', 'acme', 'run,read,approve,operate', '2020-01-01T00:00:00Z', 'expired'],
  ])
  expect(stdout).not.toMatch(/[0-9a-f]{32}/)
})

test('limits of a key hold for its requests', { tags: ['OP-2'] }, async () => {
  const key = await created('--tenant acme --id small --limits cpuTimeoutMs=500 --max-limits cpuTimeoutMs=1000')
  const { body } = await api(executor, '/v1/info', { key })
  expect(body).toMatchObject({ limits: { cpuTimeoutMs: 500 }, maxLimits: { cpuTimeoutMs: 1_000 } })
  const request = { code: '1', limits: { cpuTimeoutMs: 1_001 } }
  expect((await api(executor, '/v1/executions', { key, body: request })).status).toBe(400)
})

test('commands that run at the same time all have their effect', { tags: ['OP-2'] }, async () => {
  await writeFile(file, '[]')
  const ids = ['p1', 'p2', 'p3']
  const outputs = await Promise.all(ids.map((id) => keys(`create --tenant acme --id ${id}`)))
  for (const { stdout } of outputs) expect(stdout).toMatch(cmk)
  const created = JSON.parse(await readFile(file, 'utf8')) as { id: string }[]
  expect(created.map(({ id }) => id).toSorted()).toEqual(ids)
  await Promise.all(ids.map((id) => keys(`revoke ${id}`)))
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual([])
})

describe('rights', () => {
  const runner = keyOf('runner')
  let id: string

  beforeEach(async () => {
    await writeKeys({
      runner: { tenant: 'acme', rights: ['run'] },
      stranger: { tenant: 'acme', rights: ['run'] },
      reader: { tenant: 'acme', rights: ['read'] },
      operator: { tenant: 'acme', rights: ['operate'] },
      rival: { tenant: 'rival', owner: 'runner' },
      approver: { tenant: 'rival', rights: ['approve'] },
    })
    await expect.poll(() => statusOf(runner)).toBe(200)
    id = (await run(runner)).body.executionId
  })

  const path = (more = '') => `/v1/executions/${id}${more}`

  test('a key without run submits nothing, and is told which right it lacks', { tags: ['OP-2'] }, async () => {
    const { status, body } = await run(keyOf('reader'))
    expect(status).toBe(403)
    expect(body.error).toMatchObject({ code: 'FORBIDDEN', details: { missing: ['run'], rights: ['read'] } })
  })

  test(
    'the record is readable by its owner and by keys with read, and cancelled by its owner and operators',
    { tags: ['OP-2'] },
    async () => {
      for (const [name, read, cancel] of [
        ['runner', 200, 200],
        ['stranger', 403, 403],
        ['reader', 200, 403],
        ['operator', 403, 200],
      ] as const) {
        const key = keyOf(name)
        for (const route of ['', '/journal', '/events']) {
          expect((await api(executor, path(route), { key })).status).toBe(read)
        }
        expect((await api(executor, path('/cancel'), { key, body: {} })).status).toBe(cancel)
      }
    },
  )

  test('a key of another tenant finds nothing, whatever its rights and owner', { tags: ['OP-2'] }, async () => {
    for (const key of [keyOf('rival'), keyOf('approver')]) {
      expect((await api(executor, path(), { key })).status).toBe(404)
      expect((await api(executor, path('/cancel'), { key, body: {} })).status).toBe(404)
    }
  })

  test('a rotated key serves the executions of its predecessor', { tags: ['OP-2'] }, async () => {
    const response = await fetch(`${executor.url}/v1/executions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${runner}`,
        'content-type': 'application/json',
        accept: 'text/event-stream',
      },
      body: JSON.stringify({ code: 'return tools.ask(1)', tools: [{ name: 'ask' }] }),
    })
    id = response.headers.get('x-codemode-execution-id')!
    let events = ''
    const ended = (async () => {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) events += chunk
    })()
    const callId = await expect
      .poll(() => /"callId":"([^"]+)"/.exec(events)?.[1])
      .toBeDefined()
      .then(() => /"callId":"([^"]+)"/.exec(events)![1])
    const successor = await created('--tenant acme --owner runner --rights run')
    await revoked('runner', runner)
    const body = { results: [{ callId, answer: { ok: true, output: 7 } }] }
    const refused = await api(executor, path('/tool-results'), { key: keyOf('stranger'), body })
    expect(refused).toMatchObject({ status: 403, body: { error: { code: 'FORBIDDEN' } } })
    const answered = await api(executor, path('/tool-results'), { key: successor, body })
    expect(answered).toMatchObject({ status: 200, body: { accepted: [callId] } })
    await ended
    expect(await api(executor, path(), { key: successor })).toMatchObject({ body: { status: 'completed', result: 7 } })
  })
})

test.each([
  ['create --tennant acme', 2, 'Did you mean --tenant?'],
  ['create --tenant acme --id taken', 1, 'is in use'],
  ['list --file missing.json', 1, "missing.json can't be read (ENOENT)"],
])('"keys %s" fails with %i, says why, and changes nothing', { tags: ['OP-2'] }, async (line, exitCode, problem) => {
  await writeKeys({ taken: { tenant: 'acme' } })
  const content = await readFile(file, 'utf8')
  const output = await keys(line)
  expect(output).toMatchObject({ exitCode, stdout: '' })
  expect(output.stderr).toContain(problem)
  expect(await readFile(file, 'utf8')).toBe(content)
})

test('a command without a file says how to name one', { tags: ['OP-2'] }, async () => {
  const output = await keys('list', {})
  expect(output).toMatchObject({ exitCode: 2, stdout: '' })
  expect(output.stderr).toContain('CODEMODE_API_KEYS_FILE=./api-keys.json')
})
