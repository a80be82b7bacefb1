import { ConfigurationError } from '../errors/configuration-error.ts'

/** Resolves with the message of the ConfigurationError that `work` throws or rejects with. */
export async function configurationErrorMessage(work: () => unknown): Promise<string> {
  try {
    await work()
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
  throw new Error('Expected a ConfigurationError, but nothing was thrown')
}
