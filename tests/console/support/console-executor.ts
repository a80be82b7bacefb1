import { createExecutor, type ExecutorConfigInput } from '@codemode/executor'
import { api, keyOf, reuseIsolates, startPostgres, writeKeysFile } from '@codemode/testkit'

import { pollUntil } from './poll-until.ts'

/** API keys of the executor: those of one tenant with different rights, and one of another tenant. */
const tenants = {
  ada: { tenant: 'acme', owner: 'ada' },
  builder: { tenant: 'acme', owner: 'ada', rights: ['run'] },
  grace: { tenant: 'acme', owner: 'grace', rights: ['read', 'approve'] },
  viewer: { tenant: 'acme', owner: 'viewer', rights: ['read'] },
  mallory: { tenant: 'acme', owner: '<img src=x onerror=alert(1)>\u202e' },
  rival: { tenant: 'rival', owner: 'rival' },
}

/**
 * Person with an API key: `ada` has all rights, `builder` runs code as the same owner, `grace` reads and approves, `viewer` reads;
 * the owner of mallory's key is markup; `rival` is of another tenant.
 */
export type Person = keyof typeof tenants

/** Executor with a store and with the web console. */
export interface ConsoleExecutor extends AsyncDisposable {
  readonly url: string
  /** URL of the web console. */
  readonly consoleUrl: string
  readonly databaseUrl: string
  /** File of the API keys, for another executor on the same database. */
  readonly apiKeysFile: string
  /** API key of each person. */
  readonly keys: Readonly<Record<Person, string>>
}

/** Executor with a database of its own, which can be stopped and started again. */
export interface OwnExecutor extends ConsoleExecutor {
  stop(): Promise<void>
  /** Starts an executor with the same configuration; its URL is the same only if the configuration has the port. */
  start(): Promise<void>
}

/**
 * Starts an executor with the web console and a PostgreSQL server of its own. It evicts guests that wait for a second, and parks
 * detached executions soon.
 */
export async function startConsoleExecutor(config: ExecutorConfigInput = {}): Promise<OwnExecutor> {
  await using starting = new AsyncDisposableStack()
  const [server, file] = await Promise.all([startPostgres(), writeKeysFile(tenants)])
  starting.use(server)
  starting.use(file)
  const create = async () => {
    const created = await createExecutor({
      port: 0,
      dev: true,
      logLevel: 'silent',
      sandboxProcesses: 2,
      databaseUrl: server.url,
      apiKeysFile: file.config.apiKeysFile!,
      evictAfterMs: 1_000,
      parkAfterMs: 500,
      drainMs: 0,
      reuseIsolates,
      ...config,
    })
    // The executor takes requests while it creates the tables of its store.
    await pollUntil(async () => (await api(created, '/v1/executions', { key: keyOf('ada') })).status === 200)
    return created
  }
  let executor = await create()
  const stop = async () => executor[Symbol.asyncDispose]()
  starting.defer(stop)
  const running = starting.move()
  return {
    url: executor.url,
    consoleUrl: executor.consoleUrl!,
    databaseUrl: server.url,
    apiKeysFile: file.config.apiKeysFile!,
    keys: Object.fromEntries(Object.keys(tenants).map((person) => [person, keyOf(person)])) as Record<Person, string>,
    stop,
    async start() {
      executor = await create()
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}
