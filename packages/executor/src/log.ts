import { destination, pino, type DestinationStream, type Logger } from 'pino'

/** Log levels, from the most to the least verbose; `silent` writes nothing. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

export type LogLevel = (typeof logLevels)[number]

const secretNames = [
  'authorization',
  'token',
  'apiKey',
  'executorApiKey',
  'secret',
  'password',
  'seed',
  'encryptionKeys',
]

interface LoggerOptions {
  readonly level: LogLevel
  /** Destination of the lines; standard error by default, because standard output carries the ready line alone. */
  readonly to?: DestinationStream
}

/**
 * Creates a logger that writes lines of JSON. It replaces values under the name of a secret, at most two objects deep,
 * by `[redacted]`.
 */
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
