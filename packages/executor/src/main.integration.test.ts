// Runs the command as a process and checks its output, its signals and its exit codes.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, execPath, platform } from 'node:process'

import { executionResultSchema } from '@codemode/shared'
import { expect, onTestFinished, test } from 'vitest'

const main = new URL('main.ts', import.meta.url).pathname

/** Starts the command with the given arguments and variables. `written` holds its output so far. */
function command(args: string[], variables: Record<string, string> = {}, nodeFlags: string[] = []) {
  const child = spawn(execPath, ['--conditions=@codemode/source', ...nodeFlags, main, ...args], {
    env: { PATH: env['PATH'], ...variables },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const written = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (written.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (written.stderr += chunk.toString()))
  const exited = once(child, 'close').then(([code]: unknown[]) => code)
  return { child, written, exited }
}

const ready = /^codemode-executor ready on (http:\/\/127\.0\.0\.1:\d+) \(console: \1\/console\)\n$/

test('serve generates a key in development, reports when it is ready, runs code, and stops on SIGTERM', async () => {
  const { child, written, exited } = command([], {
    CODEMODE_DEV: '1',
    CODEMODE_PORT: '0',
    CODEMODE_SANDBOX_PROCESSES: '1',
  })
  await expect.poll(() => written.stdout).toMatch(ready)
  const url = ready.exec(written.stdout)?.[1]
  const key = /generated for this run \(development mode\): (cmk_\w+)\n/.exec(written.stderr)?.[1]
  const response = await fetch(`${url}/v1/executions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ code: 'return 2 + 2' }),
  })
  expect(executionResultSchema.parse(await response.json())).toMatchObject({ success: true, result: 4 })
  child.kill('SIGTERM')
  expect(await exited).toBe(0)
  expect(written.stdout).toMatch(ready)
})

test('serve logs an unhandled rejection and keeps running', async () => {
  const bug = `data:text/javascript,process.once('SIGUSR2', () => void Promise.reject(new Error('a bug of the engine')))`
  const { child, written } = command([], { CODEMODE_DEV: '1', CODEMODE_PORT: '0', CODEMODE_SANDBOX_PROCESSES: '1' }, [
    `--import=${bug}`,
  ])
  await expect.poll(() => written.stdout).toMatch(ready)
  child.kill('SIGUSR2')
  await expect.poll(() => written.stderr).toMatch(/"unhandledRejections":1.*unhandled rejection: a bug in the executor/)
  expect(written.stderr).toContain('a bug of the engine')
  expect((await fetch(`${ready.exec(written.stdout)?.[1]}/livez`)).status).toBe(200)
})

test.runIf(platform === 'linux')('SIGUSR1 opens no port for a debugger', async () => {
  const { child, written, exited } = command([], { CODEMODE_DEV: '1', CODEMODE_PORT: '0', CODEMODE_STORE: 'none' })
  await expect.poll(() => written.stdout).toMatch(ready)
  const url = new URL(ready.exec(written.stdout)![1]!)
  child.kill('SIGUSR1')
  // The thread that would open the port runs while the executor answers.
  for (let n = 0; n < 20; n += 1) expect((await fetch(`${url.href}livez`)).status).toBe(200)
  // The executor prepares its first tool call with a server that it closes again.
  await expect.poll(() => listeningPorts(child.pid!)).toEqual([Number(url.port)])
  child.kill('SIGTERM')
  expect(await exited).toBe(0)
  expect(written.stderr).not.toContain('Debugger')
})

/** Returns the TCP ports on which a process listens; see `man 5 proc_pid_net` for the columns. */
function listeningPorts(pid: number): number[] {
  const descriptors = readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`))
  const rows = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1),
  )
  return rows.flatMap((row) => {
    const [, local = '', , state, , , , , , inode] = row.trim().split(/\s+/)
    const isListening = state === '0A' && descriptors.includes(`socket:[${inode}]`)
    return isListening ? [Number.parseInt(local.split(':')[1]!, 16)] : []
  })
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

test('a second signal stops the process at once', async () => {
  const key = 'a-key-of-more-than-16'
  const variables = {
    CODEMODE_API_KEY: key,
    CODEMODE_PORT: '0',
    CODEMODE_SANDBOX_PROCESSES: '1',
    CODEMODE_DRAIN_MS: '60000',
  }
  const { child, written, exited } = command([], variables)
  await expect.poll(() => written.stdout).toMatch(ready)
  const running = fetch(`${ready.exec(written.stdout)?.[1]}/v1/executions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ code: 'await sleep(20_000)' }),
  })
  expect((await running).status).toBe(200)
  child.kill('SIGINT')
  await expect.poll(() => written.stderr).toContain('shutting down')
  child.kill('SIGINT')
  expect(await exited).toBe(130)
  expect(written.stderr).not.toContain(key)
})

test('serve does not start on an invalid configuration, and prints the correction', async () => {
  const wrong = command([], { CODEMODE_DEV: '1', CODEMODE_PRT: '9000' })
  expect(await wrong.exited).toBe(1)
  expect(wrong.written).toEqual({ stdout: '', stderr: expect.stringContaining('CODEMODE_PORT=9000') as string })
})

test('serve reads a configuration file, and names the variable of a port in use', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'codemode-main-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'config.json'), '{"dev": true, "port": 0, "sandboxProcesses": 1}')
  const first = command([], { CODEMODE_CONFIG_FILE: join(folder, 'config.json') })
  await expect.poll(() => first.written.stdout).toMatch(ready)
  const port = new URL(ready.exec(first.written.stdout)![1]!).port
  const second = command([], { CODEMODE_CONFIG_FILE: join(folder, 'config.json'), CODEMODE_PORT: port })
  expect(await second.exited).toBe(1)
  expect(second.written.stderr).toContain('CODEMODE_PORT=0')
  first.child.kill('SIGTERM')
  expect(await first.exited).toBe(0)
})

test.each([
  [
    'host.invalid',
    /CODEMODE_HOST host\.invalid cannot be resolved to an address \(\w+\)\..*:\n {2}CODEMODE_HOST=127\.0\.0\.1\n$/,
  ],
  [
    '192.0.2.1',
    /CODEMODE_HOST 192\.0\.2\.1 is not an address of a local network interface\..*:\n {2}CODEMODE_HOST=127\.0\.0\.1\n$/,
  ],
])('serve says that CODEMODE_HOST=%s cannot be used, and what to set', async (host, message) => {
  const { written, exited } = command([], {
    CODEMODE_DEV: '1',
    CODEMODE_PORT: '0',
    CODEMODE_STORE: 'none',
    CODEMODE_HOST: host,
  })
  expect(await exited).toBe(1)
  expect(written.stderr).toMatch(message)
})

test('help, version and invalid arguments print their texts', async () => {
  const [help, version, misuse] = [command(['--help']), command(['--version']), command(['--prot', '1'])]
  expect(await help.exited).toBe(0)
  expect(help.written.stdout).toContain('CODEMODE_API_KEYS_FILE')
  expect(await version.exited).toBe(0)
  expect(version.written.stdout).toMatch(/^\d+\.\d+\.\d+/)
  expect(await misuse.exited).toBe(2)
  expect(misuse.written.stderr).toContain('CODEMODE_PORT')
})
