/** Removes secrets from values that are printed. */
import { valueAt } from '@codemode/shared/internal'

import { writtenOptions } from './options.ts'
import { connectedSchema, secretOptions, type ResolvedConfig } from './schema.ts'

const redacted = '[redacted]'

/**
 * Names of fields that hold secrets, if their values are strings or objects; a limit on tokens, a number, is no secret.
 */
const secretName =
  /(?:api[-_]?keys?|secrets?|token|passwords?|passphrase|authorization|cookies?|credentials?|private[-_]?key)$/i

/** Minimum length of a secret that is removed from texts; shorter ones would occur in ordinary words. */
const minSecretLength = 4

/** Maximum depth of a value; deeper parts are cut, because each level takes stack. */
const maxDepth = 100

/**
 * Returns a function that copies any value without these secrets, wherever they are in a text, and without the values
 * of fields that have the name of a secret. A value with a `toJSON` is copied as the result of that, an error with its
 * message, stack and cause; an instance of another class is returned as it is. Deep values are cut.
 */
export function createRedactor(secrets: readonly string[]): <T>(value: T) => T {
  const known = secrets.filter(({ length }) => length >= minSecretLength).sort((a, b) => b.length - a.length)
  const redactText = (text: string): string => known.reduce((clean, secret) => clean.replaceAll(secret, redacted), text)

  const redactFields = (fields: Iterable<[string, unknown]>, ancestors: Set<unknown>) =>
    Object.fromEntries(
      Array.from(fields, ([name, value]) => {
        const isSecret =
          secretName.test(name) && (typeof value === 'object' ? value !== null : typeof value === 'string')
        return [name, isSecret ? redacted : redact(value, ancestors)]
      }),
    )

  function redact(value: unknown, ancestors: Set<unknown>): unknown {
    if (typeof value === 'string') return redactText(value)
    if (typeof value !== 'object' || value === null) return value
    if (ancestors.has(value)) return '[circular]'
    if (ancestors.size === maxDepth) return '[nested too deeply]'
    ancestors.add(value)
    try {
      return redactObject(value, ancestors)
    } finally {
      ancestors.delete(value)
    }
  }

  /** Copies an object. `ancestors` has the objects that contain it, and the object itself. */
  function redactObject(value: object, ancestors: Set<unknown>): unknown {
    if ('toJSON' in value && typeof value.toJSON === 'function') return redact(value.toJSON(), ancestors)
    if (Array.isArray(value)) return value.map((item) => redact(item, ancestors))
    if (value instanceof Error) return redactFields(fieldsOf(value), ancestors)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null) return value
    return redactFields(Object.entries(value), ancestors)
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

/** Returns the secrets of a configuration. */
export function secretsOf(config: ResolvedConfig): string[] {
  return secretOptions.map((option) => valueAt(config, option.split('.'))).filter((value) => typeof value === 'string')
}

/** Returns a configuration for printing: without secrets, and without options that only code can give. */
export function printableConfig(config: ResolvedConfig): Record<string, unknown> {
  const executor = 'executor' in config ? { executor: nameOf(config.executor) } : {}
  return createRedactor(secretsOf(config))({ ...executor, ...writtenOptions(connectedSchema, config) })
}

/** Returns the name of the class of an executor; `Object` for an object without a prototype. */
function nameOf(executor: object): string {
  const { constructor }: { constructor?: unknown } = executor
  return typeof constructor === 'function' ? constructor.name : 'Object'
}
