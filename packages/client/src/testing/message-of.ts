import { ConfigurationError } from '../errors/configuration-error.ts'

/** The message of the ConfigurationError that something throws or rejects with. */
export async function messageOf(work: () => unknown): Promise<string> {
  try {
    await work()
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
  throw new Error('nothing was refused')
}
