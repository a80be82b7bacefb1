/** Parts of a client that are created from its configuration. */
import { ClientAdmission } from '../back-pressure/client-admission.ts'
import { createRedactor, secretsOf } from '../config/redact.ts'
import type { ResolvedConfig } from '../config/schema.ts'
import type { Executor } from '../executor.ts'
import { enforceContract } from '../executors/enforce-contract.ts'
import { ClientLog } from '../insight/logger.ts'
import { ExecutorClient } from '../protocol/executor-client.ts'

/** Returns the executor of the configuration, guarded by a check of its contract, or a new ExecutorClient. */
export function createExecutor(config: ResolvedConfig): Executor {
  if ('executor' in config) return enforceContract(config.executor)
  const { executorUrl, executorApiKey, retry, requestTimeoutMs, connectTimeoutMs } = config
  return new ExecutorClient({ executorUrl, executorApiKey, retry, requestTimeoutMs, connectTimeoutMs })
}

/** Creates the admission control; undefined if the configuration limits neither concurrency nor rate. */
export function createAdmission({ concurrency, rateLimit, maxPending }: ResolvedConfig): ClientAdmission | undefined {
  const isUnlimited = concurrency === undefined && rateLimit === undefined
  return isUnlimited ? undefined : new ClientAdmission({ concurrency, rateLimit, maxPending })
}

/** Creates the log of a client. */
export function createLog(config: ResolvedConfig): ClientLog {
  const { logger, logLevel } = config
  return new ClientLog({
    logger,
    level: logLevel ?? (logger === undefined ? 'silent' : 'info'),
    redact: createRedactor(secretsOf(config)),
  })
}
