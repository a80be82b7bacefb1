import { emitWarning } from 'node:process'

import { showThrown } from '../errors/describe-error.ts'

/** Calls a user's listener. If it throws or its promise rejects, emits a process warning, without other effects. */
export function callListener<Value>(name: string, listener: (value: Value) => unknown, value: Value): void {
  const warn = (error: unknown): void => emitWarning(`${name} threw: ${showThrown(error)}`, 'CodemodeWarning')
  try {
    const returned = listener(value)
    if (returned instanceof Promise) returned.catch(warn)
  } catch (error) {
    warn(error)
  }
}
