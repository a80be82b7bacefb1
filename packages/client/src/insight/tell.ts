import { emitWarning } from 'node:process'

/** Tells somebody else's function. One that throws, or whose promise rejects, is warned of, and disturbs nobody else. */
export function tell<News>(what: string, listener: (news: News) => unknown, news: News): void {
  const warn = (error: unknown): void => emitWarning(`${what} threw: ${String(error)}`, 'CodemodeWarning')
  try {
    const returned = listener(news)
    if (returned instanceof Promise) returned.catch(warn)
  } catch (error) {
    warn(error)
  }
}
