import { randomBytes } from 'node:crypto'

/** Returns the secret that signs the console's sessions. Rejects with `RequestError` STORE_UNAVAILABLE. */
export type ConsoleSecret = () => Promise<Buffer>

/**
 * Returns the secret of the database, so that a session is valid on every node, or without a database one of this start of
 * the executor. It is read when it is needed first.
 */
export function consoleSecret(databaseUrl: string | undefined): ConsoleSecret {
  if (databaseUrl === undefined) {
    const secret = Promise.resolve(randomBytes(32))
    return () => secret
  }
  let reading: Promise<Buffer> | undefined
  return () => {
    reading ??= readSecret(databaseUrl).catch((error: unknown) => {
      reading = undefined
      throw error
    })
    return reading
  }
}

async function readSecret(databaseUrl: string): Promise<Buffer> {
  const { readSharedSecret } = await import('./store/postgres/shared-secret.ts')
  return readSharedSecret(databaseUrl, 'console')
}
