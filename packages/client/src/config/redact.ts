/** Takes secrets out of what is printed. */
import { valueAt } from './layer.ts'
import { writtenOptions } from './options.ts'
import { connectedSchema, secretOptions, type ResolvedConfig } from './schema.ts'

const redacted = '[redacted]'

/** Names of fields that hold secrets; numbers and booleans are none, such as a limit on tokens. */
const secretName =
  /(?:api[-_]?keys?|secrets?|token|passwords?|passphrase|authorization|cookies?|credentials?|private[-_]?key)$/i

/** Shorter ones would be found in ordinary words. */
const minSecretLength = 4

/**
 * Makes a function that gives a copy of any value without these secrets, wherever they are in a text, and without what
 * fields hold whose names say that it is secret. What has a `toJSON` is copied as that, an error with its message, stack
 * and cause; what is neither is given back as it is.
 */
export function createRedactor(secrets: readonly string[]): <T>(value: T) => T {
  const known = secrets.filter(({ length }) => length >= minSecretLength).sort((a, b) => b.length - a.length)
  const redactText = (text: string): string => known.reduce((clean, secret) => clean.replaceAll(secret, redacted), text)

  const redactFields = (fields: Iterable<[string, unknown]>, around: ReadonlySet<unknown>) =>
    Object.fromEntries(
      Array.from(fields, ([name, value]) => {
        const isSecret =
          secretName.test(name) && (typeof value === 'object' ? value !== null : typeof value === 'string')
        return [name, isSecret ? redacted : redact(value, around)]
      }),
    )

  function redact(value: unknown, around: ReadonlySet<unknown>): unknown {
    if (typeof value === 'string') return redactText(value)
    if (typeof value !== 'object' || value === null) return value
    if (around.has(value)) return '[circular]'
    const inside = new Set([...around, value])
    if ('toJSON' in value && typeof value.toJSON === 'function') return redact(value.toJSON(), inside)
    if (Array.isArray(value)) return value.map((item) => redact(item, inside))
    if (value instanceof Error) return redactFields(fieldsOf(value), inside)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null) return value
    return redactFields(Object.entries(value), inside)
  }

  return <T>(value: T): T => redact(value, new Set()) as T
}

function fieldsOf(error: Error): [string, unknown][] {
  const { name, message, stack, cause } = error
  const always: [string, unknown][] = [
    ['name', name],
    ['message', message],
    ['stack', stack],
  ]
  return [...always, ...Object.entries(error), ...(cause === undefined ? [] : [['cause', cause] as [string, unknown]])]
}

/** The secrets of a configuration. */
export function secretsOf(config: ResolvedConfig): string[] {
  return secretOptions.map((option) => valueAt(config, option.split('.'))).filter((value) => typeof value === 'string')
}

/** A configuration to be printed: without secrets, and without what only code can give. */
export function printableConfig(config: ResolvedConfig): Record<string, unknown> {
  const executor = 'executor' in config ? { executor: config.executor.constructor.name } : {}
  return createRedactor(secretsOf(config))({ ...executor, ...writtenOptions(connectedSchema, config) })
}
