import { emitWarning } from 'node:process'

import { showThrown } from '../errors/describe-error.ts'

/** Calls a user's listener. One that throws, or whose promise rejects, makes a process warning and has no other effect. */
export function tell<News>(what: string, listener: (news: News) => unknown, news: News): void {
  const warn = (error: unknown): void => emitWarning(`${what} threw: ${showThrown(error)}`, 'CodemodeWarning')
  try {
    const returned = listener(news)
    if (returned instanceof Promise) returned.catch(warn)
  } catch (error) {
    warn(error)
  }
}
