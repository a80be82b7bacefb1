import { destination, pino, type DestinationStream, type Logger } from 'pino'

/** The levels of a log line, from the loudest to the quietest; `silent` writes nothing. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

export type LogLevel = (typeof logLevels)[number]

const secretNames = ['authorization', 'token', 'apiKey', 'executorApiKey', 'secret', 'password', 'seed']

interface LoggerOptions {
  readonly level: LogLevel
  /** Where the lines go; standard error if not given, because standard output carries the ready line alone. */
  readonly to?: DestinationStream
}

/** A logger of JSON lines. What is logged under a secret's name, up to two objects deep, reads `[redacted]`. */
export function createLogger({ level, to = destination({ fd: 2, sync: true }) }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: { name: 'codemode-executor' },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    },
    to,
  )
}
