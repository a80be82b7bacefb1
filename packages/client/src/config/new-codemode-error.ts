import { isObject } from '@codemode/shared/internal'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { asCall, fieldsAt, requiredFields } from './examples.ts'

/** Returns the error for a call of the private constructor of Codemode, with the function to call instead. */
export function newCodemodeError(given: unknown): ConfigurationError {
  return new ConfigurationError('Codemode has no public constructor.', correctCall(given))
}

function correctCall(given: unknown): string {
  if (typeof given === 'string' || given instanceof URL) return "await Codemode.fromConfig('codemode.yaml')"
  if (given === undefined) return 'Codemode.fromEnv()'
  const isComposed = isObject(given) && given['executor'] !== undefined
  return asCall('Codemode.fromClientConfig', isComposed ? fieldsAt(['executor']) : requiredFields)
}
