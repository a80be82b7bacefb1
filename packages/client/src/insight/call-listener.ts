import { emitWarning } from 'node:process'

import { showThrown } from '../errors/describe-error.ts'

/** Calls a user's listener. If it throws or its promise rejects, emits a process warning, without other effects. */
export function callListener<News>(what: string, listener: (news: News) => unknown, news: News): void {
  const warn = (error: unknown): void => emitWarning(`${what} threw: ${showThrown(error)}`, 'CodemodeWarning')
  try {
    const returned = listener(news)
    if (returned instanceof Promise) returned.catch(warn)
  } catch (error) {
    warn(error)
  }
}
