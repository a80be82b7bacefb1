import { useState } from 'preact/hooks'

import { ApiError } from '../api/request.ts'
import { reportSignedOut } from '../api/signed-out.ts'

/** Action that a button starts, with its progress. */
export interface Action<Args extends readonly unknown[]> {
  readonly isRunning: boolean
  /** Error of the last run; undefined while it runs and after a success. */
  readonly error: ApiError | undefined
  run(...args: Args): Promise<void>
}

/** Returns an action that runs once at a time. */
export function useAction<Args extends readonly unknown[]>(act: (...args: Args) => Promise<unknown>): Action<Args> {
  const [state, setState] = useState<{ isRunning: boolean; error?: ApiError }>({ isRunning: false })
  return {
    isRunning: state.isRunning,
    error: state.error,
    async run(...args) {
      if (state.isRunning) return
      setState({ isRunning: true })
      try {
        await act(...args)
        setState({ isRunning: false })
      } catch (error) {
        if (error instanceof DOMException && error.name === 'AbortError') return
        if (!(error instanceof ApiError)) throw error
        if (error.status === 401) reportSignedOut()
        setState({ isRunning: false, error })
      }
    },
  }
}
