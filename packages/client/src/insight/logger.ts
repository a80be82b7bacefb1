import { stderr } from 'node:process'

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
  /** Executions that failed or were cancelled, warnings about the code, and requests that are sent again. */
  warn(message: string, fields: Fields): void
  /** Nothing is logged at this level yet. */
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
  if (isLogged('warn')) {
    events.on('retry', ({ error: { code, message, httpStatus }, ...retry }) =>
      log('warn', 'request failed, trying again', { ...retry, error: { code, message, httpStatus } }),
    )
    events.on('settle', ({ warnings, ...event }) => {
      const { executionId, correlationId, label } = event
      for (const warning of warnings)
        log('warn', 'the code has a warning', { executionId, correlationId, label, warning })
      return log(event.status === 'completed' ? 'info' : 'warn', `execution ${event.status}`, event)
    })
  }
  if (isLogged('debug')) {
    events.on('start', (event) => log('debug', 'execution sent', { ...event }))
    events.on('tool', (event) => log('debug', 'tool called', { ...event }))
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
