import { ExecutorClientError } from './executor-client-error.ts'

/** Error for an invalid configuration, tool or option. The message ends with the corrected code. */
export class ConfigurationError extends ExecutorClientError {
  override readonly name: string = 'ConfigurationError'

  constructor(problem: string, correctedCode: string, options: { cause?: unknown } = {}) {
    const indented = correctedCode.replaceAll(/^(?=.)/gm, '  ')
    super('CONFIGURATION_INVALID', `${problem}\n\nInstead:\n\n${indented}\n`, { suggestion: correctedCode, ...options })
  }
}
