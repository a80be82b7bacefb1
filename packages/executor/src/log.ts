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
 * Characters that JSON leaves unescaped, and that are unsafe in terminals or in tools that read lines: DEL, the C1 controls,
 * line separators, and bidirectional formatting.
 */
const unsafe = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/**
 * Creates a logger that writes lines of JSON. It replaces values under the name of a secret, at most two objects deep,
 * by `[redacted]`, and escapes characters with effects on terminals.
 */
export function createLogger({ level, to = destination({ fd: 2, sync: true }) }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: { name: 'codemode-executor' },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
      hooks: { streamWrite: escapeUnsafe },
    },
    to,
  )
}

function escapeUnsafe(line: string): string {
  return line.replace(unsafe, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
