import { ConfigurationError } from '../errors/configuration-error.ts'
import { ExecutorClientError } from '../errors/executor-client-error.ts'
import { UsageError } from './usage-error.ts'

/** Returns the message of an expected error, and the stack of any other. */
export function describeForOperator(error: unknown): string {
  if (error instanceof UsageError) return error.message
  if (error instanceof ConfigurationError) return error.message.trimEnd()
  if (error instanceof ExecutorClientError) {
    const { message, code, suggestion } = error
    const sentence = /[.!?]$/.test(message) ? message : `${message}.`
    return `${code}: ${sentence}${suggestion === undefined ? '' : ` ${suggestion}`}`
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
