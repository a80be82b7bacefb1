import { ConfigurationError } from '../errors/configuration-error.ts'
import type { Executor } from '../executor.ts'

/** Description of what an executor can't do without an optional part of its interface. */
const missing = {
  events: "can't stream events: it has no method events(executionId, options)",
  record: "can't read records: it has no method record(executionId, options)",
  cancel: "can't cancel executions by their id: it has no method cancel(executionId, reason, options)",
  detached: 'has no detached executions: it has no property detached',
  sessions: 'has no sessions: it has no property sessions',
} as const

/** Returns the executor if it has the named part. Throws a ConfigurationError otherwise. */
export function requirePart<Name extends keyof typeof missing>(
  executor: Executor,
  name: Name,
): Executor & { readonly [Part in Name]-?: NonNullable<Executor[Part]> } {
  if (executor[name] !== undefined) return executor as ReturnType<typeof requirePart<Name>>
  throw new ConfigurationError(
    `The executor of this client ${missing[name]}.`,
    'Codemode.fromClientConfig({ executor: new ExecutorClient({ executorUrl, executorApiKey }) })',
  )
}
