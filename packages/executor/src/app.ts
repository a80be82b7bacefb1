import { loadConsole } from '@codemode/console'
import { readingHeaders } from '@codemode/shared'
import type { Logger } from 'pino'

import { ConfigurationError, resolveConfig, type ExecutorConfig, type ExecutorConfigInput } from './config.ts'
import { consoleSecret } from './console-secret.ts'
import { combineObservers } from './engine/engine-observer.ts'
import type { ConsoleOptions } from './http/console/console-app.ts'
import { createHttpApp } from './http/http-app.ts'
import { describeListenProblem, metricsPortOption } from './http/listen-problem.ts'
import { createMetricsApp } from './http/metrics.ts'
import { listen, type Listening } from './http/serve.ts'
import { fileKeyStore, singleKeyStore, type KeyStore } from './key-store.ts'
import { createLogger } from './log.ts'
import { startEngine, type StartedEngine } from './start-engine.ts'
import { logObserver } from './telemetry/log-observer.ts'
import { Metrics } from './telemetry/metrics.ts'
import { metricsObserver } from './telemetry/metrics-observer.ts'
import { reportToOpenTelemetry } from './telemetry/open-telemetry-metrics.ts'
import { observeNode, type NodeReading } from './telemetry/observe-node.ts'
import { CallCancels } from './tools/call-cancels.ts'
import { createCallbackGuard } from './tools/callback-guard.ts'
import { createCallbackTransport } from './tools/callback-transport.ts'
import { createNotificationSender } from './tools/notification-sender.ts'
import { TenantAgents } from './tools/tenant-agents.ts'

/** Maximum milliseconds after the end of the engine for sending responses, and cancellations to tool servers. */
const responseDrainMs = 1_000

/** A running executor. */
export interface RunningExecutor extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** URL of the web console; undefined if it is off. */
  readonly consoleUrl: string | undefined
  /**
   * Refuses new executions, lets running ones continue for up to `drainMs` (by default that of the configuration),
   * cancels the rest, and releases all resources. Further calls return the promise of the first one.
   */
  close(options?: { drainMs?: number }): Promise<void>
}

interface ExecutorDependencies {
  readonly logger?: Logger
  readonly startEngine?: typeof startEngine
}

/**
 * Starts an executor and resolves when it listens. Rejects with `ConfigurationError` for an invalid configuration, and
 * with the system's error if the port is not available.
 *
 * @example
 * import { createExecutor } from '@codemode/executor'
 *
 * await using executor = await createExecutor({ apiKey: 'a-key-of-16-or-more', port: 0 })
 */
export async function createExecutor(
  input: ExecutorConfigInput = {},
  dependencies: ExecutorDependencies = {},
): Promise<RunningExecutor> {
  const config = resolveConfig(input)
  const { logger = createLogger({ level: config.logLevel }), startEngine: start = startEngine } = dependencies
  await using starting = new AsyncDisposableStack()

  const metrics = new Metrics()
  const observer = combineObservers([logObserver(logger), metricsObserver(metrics)])
  const keys = await keyStore(config, logger, starting)
  const guard = createCallbackGuard({ origins: config.callbackOrigins, allowLoopback: config.dev })
  const agents = starting.use(new TenantAgents({ createAgent: () => guard.createAgent() }))
  const cancels = new CallCancels({ agents, logger })
  const notifyGuard = createCallbackGuard({ origins: config.notifyOrigins, allowLoopback: config.dev, field: 'notify' })
  const notifyAgents = starting.use(new TenantAgents({ createAgent: () => notifyGuard.createAgent() }))
  const started = starting.use(
    await start(config, {
      logger,
      observer,
      callbackTransport: (target) => createCallbackTransport({ ...target, agents, cancels, logger }),
      sendNotification: createNotificationSender({ guard: notifyGuard, agents: notifyAgents, logger }),
    }),
  )
  const { engine } = started
  const info = () => started.info()
  const countParked = started.countParked?.bind(started)
  starting.use(observeNode(metrics, { reading: () => readingOf(started), countParked }))
  starting.use(reportToOpenTelemetry(metrics))
  const { heartbeatMs, forbidSelfApproval } = config
  const app = createHttpApp({
    engine,
    keys,
    guard,
    notifyGuard,
    info,
    logger,
    observer,
    metrics,
    heartbeatMs,
    forbidSelfApproval,
    console: consoleOptions(config, started),
  })
  const { host, metricsPort } = config
  const ownPort = metricsPort === undefined ? undefined : await listenForMetrics(metrics, host, metricsPort)
  starting.use(ownPort)
  const server = await listen(app, { ...config, responseHeaders: () => readingHeaders(engine.reading()) })
  const { versions, isolation } = info()
  const consoleUrl = config.console === 'off' ? undefined : `${server.url}${config.consolePath}`
  const urls = { url: server.url, consoleUrl, ...(ownPort && { metricsUrl: `${ownPort.url}/metrics` }) }
  logger.info({ ...urls, versions, isolation }, 'the executor is ready')

  const running = starting.move()
  let closed: Promise<void> | undefined
  async function shutDown(drainMs: number): Promise<void> {
    logger.info({ drainMs }, 'the executor is shutting down')
    await engine.close({ drainMs })
    await Promise.all([server.close({ drainMs: responseDrainMs }), cancels.close({ withinMs: responseDrainMs })])
    await running.disposeAsync()
  }
  const close: RunningExecutor['close'] = ({ drainMs = config.drainMs } = {}) => (closed ??= shutDown(drainMs))
  return { url: server.url, port: server.port, consoleUrl, close, [Symbol.asyncDispose]: () => close() }
}

function consoleOptions(config: ExecutorConfig, started: StartedEngine): ConsoleOptions | undefined {
  const { console: mode, consolePath: basePath, consoleKeyHeader: keyHeader, databaseUrl, store, retainMs } = config
  if (mode === 'off') return undefined
  const hasStore = store !== 'none'
  const secret = consoleSecret(hasStore ? databaseUrl : undefined)
  const stores = () => started.stores?.() ?? 'nothing'
  return { loadAssets: loadConsole, basePath, mode, keyHeader, hasStore, stores, retainMs, secret }
}

/** Serves the metrics on a port of their own. A port that can't be used is reported under the name of its option. */
async function listenForMetrics(metrics: Metrics, host: string, port: number): Promise<Listening> {
  try {
    return await listen(createMetricsApp({ metrics }), { host, port })
  } catch (error) {
    const problem = error instanceof Error ? describeListenProblem(error, metricsPortOption) : undefined
    throw problem === undefined ? error : new ConfigurationError([problem])
  }
}

function readingOf(started: StartedEngine): NodeReading {
  const { engine } = started
  return { load: engine.load(), isReady: engine.readiness === 'ready', sandbox: started.sandboxReading?.() }
}

async function keyStore(config: ExecutorConfig, logger: Logger, disposables: AsyncDisposableStack): Promise<KeyStore> {
  const { maxRunningPerKey: maxRunning, maxQueuedPerKey: maxQueued, isolation, reuseIsolates } = config
  const defaults = { maxRunning, maxQueued, isolation, reuseIsolates }
  const { apiKey, apiKeys, apiKeysFile, databaseUrl } = config
  if (apiKeysFile !== undefined) return disposables.use(fileKeyStore({ path: apiKeysFile, defaults, logger }))
  if (apiKeys === 'store') {
    const { storedKeyStore } = await import('./stored-key-store.ts')
    return disposables.use(await storedKeyStore({ url: databaseUrl!, defaults, logger }))
  }
  if (apiKey !== undefined) return singleKeyStore(apiKey, defaults)
  throw new Error('The configuration contains none of apiKey, apiKeysFile and apiKeys')
}
