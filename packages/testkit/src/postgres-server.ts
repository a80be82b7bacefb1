import { execFile } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, getuid } from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Folder of data folders as `initdb` makes them, which takes longer than copying one. */
const templates = fileURLToPath(new URL('../../../node_modules/.cache/postgres', import.meta.url))

/** PostgreSQL server of a test, with a data folder of its own, which is reached by a unix socket. */
export interface PostgresServer extends AsyncDisposable {
  readonly url: string
  /** Restarts the server as after a crash. */
  restart(): Promise<void>
  /** Stops the server as a crash does. */
  stop(): Promise<void>
  start(): Promise<void>
}

interface PostgresOptions {
  /** Folder of the programs of PostgreSQL. */
  readonly programs?: string | undefined
}

/**
 * Starts a server with the programs in the folder of the options, in the one that CODEMODE_TEST_POSTGRES_BIN names, or with
 * the newest ones that Debian's packages have installed. Root runs it as user `postgres`.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const programs = options.programs ?? env['CODEMODE_TEST_POSTGRES_BIN'] ?? installedPrograms()
  // A short path, because that of a socket has at most 107 bytes.
  const folder = await mkdtemp(join(tmpdir(), 'cm-pg-'))
  const data = join(folder, 'data')
  const prefix = getuid?.() === 0 ? await becomePostgres(folder) : []
  const program = (name: string, ...args: string[]) => {
    const [file = '', ...rest] = [...prefix, join(programs, name), ...args]
    return run(file, rest, { cwd: folder })
  }
  const pgCtl = (...args: string[]) => program('pg_ctl', '-D', data, '-w', '-s', ...args)
  // Without fsync, what is committed survives a crash of the server, as tests cause it, but not one of the machine.
  const settings = `-c listen_addresses='' -c unix_socket_directories='${folder}' -c max_connections=60 -c fsync=off`
  const start = async () => {
    await pgCtl('start', '-l', join(folder, 'log'), '-o', settings)
  }
  const stop = async () => {
    await pgCtl('stop', '-m', 'immediate')
  }
  const { stdout: version } = await program('initdb', '--version')
  const template = join(templates, `${version.trim().replaceAll(/[^\w.]+/g, '-')}-${getuid?.()}`)
  if (existsSync(template)) await run('cp', ['-a', template, data])
  else {
    await program('initdb', '-D', data, '-U', 'codemode', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync')
    await keepTemplate(data, template)
  }
  await start()
  return {
    url: `postgres://codemode@/postgres?host=${folder}`,
    start,
    stop,
    async restart() {
      await pgCtl('restart', '-m', 'immediate', '-l', join(folder, 'log'))
    },
    async [Symbol.asyncDispose]() {
      await stop().catch(() => {})
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Copies a data folder to the templates, unless another process did so before. */
async function keepTemplate(data: string, template: string): Promise<void> {
  await mkdir(templates, { recursive: true })
  const copy = await mkdtemp(`${template}-`)
  await run('cp', ['-a', `${data}/.`, copy])
  await rename(copy, template).catch(() => rm(copy, { recursive: true }))
}

function installedPrograms(): string {
  const programs = globSync('/usr/lib/postgresql/*/bin')
    .filter((folder) => existsSync(join(folder, 'initdb')))
    .sort()
    .at(-1)
  if (programs !== undefined) return programs
  throw new Error('These tests need PostgreSQL, and /usr/lib/postgresql has none: apt-get install postgresql')
}

/** Returns the command that runs a program as user `postgres`, to whom the folder is given. */
async function becomePostgres(folder: string): Promise<string[]> {
  const { stdout: user } = await run('id', ['-u', 'postgres'])
  const { stdout: group } = await run('id', ['-g', 'postgres'])
  await chown(folder, Number(user), Number(group))
  await chmod(folder, 0o755)
  return ['setpriv', `--reuid=${user.trim()}`, `--regid=${group.trim()}`, '--clear-groups']
}
