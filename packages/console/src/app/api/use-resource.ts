import { useCallback, useEffect, useRef, useState } from 'preact/hooks'

import { ApiError } from './request.ts'
import { reportSignedOut } from './signed-out.ts'

/** Value that is read from the executor again and again, with the error of the last attempt. */
export interface Resource<Value> {
  readonly value: Value | undefined
  readonly error: ApiError | undefined
  /** Reads the value now. */
  readonly reload: () => void
}

interface ResourceOptions<Value> {
  /** Milliseconds from one response to the next request; undefined to read once. */
  readonly everyMs: (value: Value | undefined, error?: ApiError) => number | undefined
}

/**
 * Reads a value at once and then repeatedly while the page is visible. `key` names what is read: when it changes, the old
 * value is forgotten. An error keeps the value that was read before.
 */
export function useResource<Value>(
  key: string,
  read: (signal: AbortSignal, previous: Value | undefined) => Promise<Value>,
  { everyMs }: ResourceOptions<Value>,
): Resource<Value> {
  const [state, setState] = useState<{ key: string; value?: Value; error?: ApiError }>({ key })
  const [round, setRound] = useState(0)
  const latest = useRef({ read, everyMs })
  latest.current = { read, everyMs }
  const value = useRef<{ key: string; value?: Value }>({ key })

  useEffect(() => {
    const aborter = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    let isLoading = false
    if (value.current.key !== key) value.current = { key }

    async function load(): Promise<void> {
      if (isLoading) return
      isLoading = true
      let failure: ApiError | undefined
      try {
        const next = await latest.current.read(aborter.signal, value.current.value)
        if (aborter.signal.aborted) return
        value.current = { key, value: next }
        setState({ key, value: next })
      } catch (error) {
        if (aborter.signal.aborted) return
        if (!(error instanceof ApiError)) throw error
        failure = error
        if (error.status === 401) reportSignedOut()
        setState((before) => ({ ...(before.key === key ? before : { key }), error }))
      }
      isLoading = false
      schedule(failure)
    }
    function schedule(error?: ApiError): void {
      const delayMs = latest.current.everyMs(value.current.value, error)
      if (delayMs !== undefined && !document.hidden) timer = setTimeout(() => void load(), delayMs)
    }
    function onVisible(): void {
      clearTimeout(timer)
      if (!document.hidden) void load()
    }
    document.addEventListener('visibilitychange', onVisible)
    void load()
    return () => {
      aborter.abort()
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', onVisible)
    }
  }, [key, round])

  const reload = useCallback(() => setRound((count) => count + 1), [])
  const isCurrent = state.key === key
  return { value: isCurrent ? state.value : undefined, error: isCurrent ? state.error : undefined, reload }
}
