import { stderr } from 'node:process'

import { describeError } from '../errors/describe-error.ts'
import { isToolError } from '../errors/tool-error.ts'
import type { ClientEmitter } from './client-events.ts'

/** How much is logged, from all to nothing. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const
/** The lowest level that is logged; `silent` logs nothing. */
export type LogLevel = (typeof logLevels)[number]

type Fields = Readonly<Record<string, unknown>>

/** Takes what a client logs; `console` is one. Fields are JSON values without secrets. */
export interface Logger {
  /** Starts, tool calls, and what the code writes to its console. */
  debug(message: string, fields: Fields): void
  /** Executions that completed. */
  info(message: string, fields: Fields): void
  /** Executions that failed or were cancelled, and requests that are sent again. */
  warn(message: string, fields: Fields): void
  /** Errors that a tool's handler threw and that are no ToolError, with their stacks. */
  error(message: string, fields: Fields): void
}

interface LogOptions {
  /** One JSON line for each message on stderr, if not given. */
  readonly logger: Logger | undefined
  /** The lowest level that is logged. */
  readonly level: LogLevel
  /** Takes secrets out of what is logged. */
  redact<T>(this: void, value: T): T
}

/** Logs what a client tells its listeners: ends and retries, on `debug` also starts, tool calls and the code's console. */
export function logEvents(events: ClientEmitter, { logger = stderrLogger, level, redact }: LogOptions): void {
  const isLogged = (of: LogLevel): boolean => logLevels.indexOf(of) >= logLevels.indexOf(level)
  // What a logger returns is handed on: a promise that rejects is warned of.
  const log = (of: Exclude<LogLevel, 'silent'>, message: string, fields: Fields): unknown =>
    isLogged(of) ? logger[of](message, redact(fields)) : undefined
  if (isLogged('error')) {
    events.on('tool', ({ error, ...event }) => {
      if (error?.cause === undefined || isToolError(error.cause)) return undefined
      const described = describeError(error.cause, { withStacks: true })
      return log('error', 'the handler of a tool failed', { ...event, error: described })
    })
  }
  if (isLogged('warn')) {
    events.on('retry', ({ error: { code, message, httpStatus }, ...retry }) =>
      log('warn', 'request failed, trying again', { ...retry, error: { code, message, httpStatus } }),
    )
    events.on('settle', (event) =>
      log(event.status === 'completed' ? 'info' : 'warn', `execution ${event.status}`, { ...event }),
    )
  }
  if (isLogged('debug')) {
    events.on('start', (event) => log('debug', 'execution sent', { ...event }))
    events.on('tool', ({ error, ...event }) =>
      log('debug', 'tool called', { ...event, error: error && { code: error.code, message: error.message } }),
    )
    events.on('log', ({ level: guestLevel, ...event }) => log('debug', 'the code logged', { ...event, guestLevel }))
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
