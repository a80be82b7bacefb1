import { stderr } from 'node:process'

import { describeError } from '../errors/describe-error.ts'
import { isToolError } from '../errors/tool-error.ts'
import { conflictCode } from '../tools/serve-call.ts'
import { callListener } from './call-listener.ts'
import type { ClientEmitter } from './client-events.ts'

/** Log levels, from the most verbose to none. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const
/** Lowest level that is logged; `silent` logs nothing. */
export type LogLevel = (typeof logLevels)[number]

type Fields = Readonly<Record<string, unknown>>

/** Destination of a client's log lines, for example `console`. Fields are JSON values without secrets. */
export interface Logger {
  /** Logs starts, tool calls, and the console output of the code. */
  debug(message: string, fields: Fields): void
  /** Logs executions that completed. */
  info(message: string, fields: Fields): void
  /** Logs executions that failed or were cancelled, warnings about the code, and requests that are retried. */
  warn(message: string, fields: Fields): void
  /**
   * Logs errors of tool handlers, with stacks, unless they are a ToolError; calls that were refused as conflicts; and
   * unexpected errors of the tool server, with stacks.
   */
  error(message: string, fields: Fields): void
}

interface LogOptions {
  /** Destination of the log lines; one JSON line for each message on stderr by default. */
  readonly logger: Logger | undefined
  /** Lowest level that is logged. */
  readonly level: LogLevel
  /** Called to remove secrets from the fields. */
  redact<T>(this: void, value: T): T
}

/** Log of a client: writes the lines from a level on, without secrets. */
export class ClientLog {
  readonly #logger: Logger
  readonly #level: LogLevel
  readonly #redact: LogOptions['redact']

  constructor({ logger = stderrLogger, level, redact }: LogOptions) {
    this.#logger = logger
    this.#level = level
    this.#redact = redact
  }

  isLogged(level: LogLevel): boolean {
    return logLevels.indexOf(level) >= logLevels.indexOf(this.#level)
  }

  /** Writes a line if its level is logged. Returns what the logger returns: the promise of an asynchronous one. */
  write(level: Exclude<LogLevel, 'silent'>, message: string, fields: Fields): unknown {
    return this.isLogged(level) ? this.#logger[level](message, this.#redact(fields)) : undefined
  }
}

/** Logs an unexpected error of the tool server, with its stack. Never throws. */
export function logToolServerError(log: ClientLog, thrown: unknown, correlationId: string): void {
  const error = describeError(thrown, { withStacks: true })
  callListener('The logger', (fields: Fields) => log.write('error', 'tool server failed', fields), {
    correlationId,
    error,
  })
}

/**
 * Logs the events of a client: ends, retries and refused calls; at `debug` also starts, tool calls and console output.
 */
export function logEvents(events: ClientEmitter, log: ClientLog): void {
  // The listeners return the promise of an asynchronous logger, so that the emitter turns its rejection into a warning.
  if (log.isLogged('error')) {
    events.on('tool', ({ error, ...event }) => {
      const shown = { ...event, error: error && { code: error.code, message: error.message } }
      if (error?.code === conflictCode) return log.write('error', 'tool call refused', shown)
      if (error?.cause !== undefined && !isToolError(error.cause)) {
        const described = describeError(error.cause, { withStacks: true })
        log.write('error', 'tool handler failed', { ...event, error: described })
      }
      return log.write('debug', 'tool called', shown)
    })
  }
  if (log.isLogged('warn')) {
    events.on('retry', ({ error: { code, message, httpStatus }, ...retry }) =>
      log.write('warn', 'request failed, retrying', { ...retry, error: { code, message, httpStatus } }),
    )
    events.on('settle', ({ warnings, ...event }) => {
      const { executionId, correlationId, label } = event
      for (const warning of warnings) log.write('warn', 'code warning', { executionId, correlationId, label, warning })
      const isExpected = event.status === 'completed' || event.status === 'paused'
      return log.write(isExpected ? 'info' : 'warn', `execution ${event.status}`, event)
    })
  }
  if (log.isLogged('debug')) {
    events.on('start', (event) => log.write('debug', 'execution sent', { ...event }))
    events.on('log', ({ level: guestLevel, ...event }) =>
      log.write('debug', 'console output', { ...event, guestLevel }),
    )
  }
}

const stderrLogger: Logger = {
  debug: (message, fields) => writeLine('debug', message, fields),
  info: (message, fields) => writeLine('info', message, fields),
  warn: (message, fields) => writeLine('warn', message, fields),
  error: (message, fields) => writeLine('error', message, fields),
}

function writeLine(level: string, message: string, fields: Fields): void {
  stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`)
}
