import { useState } from 'preact/hooks'

import { ApiError } from '../api/request.ts'
import { signIn, type ConsoleSession } from '../api/session.ts'
import { ErrorNotice } from '../parts/notice.tsx'

/** Page on which a person exchanges an API key for a cookie. */
export function SignInPage({ onSignedIn }: { onSignedIn: (session: ConsoleSession) => void }) {
  const [apiKey, setApiKey] = useState('')
  const [error, setError] = useState<ApiError>()
  const [isRunning, setIsRunning] = useState(false)

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    setIsRunning(true)
    try {
      onSignedIn(await signIn(apiKey.trim()))
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure
      setIsRunning(false)
      setError(failure)
    }
  }

  return (
    <main class="sign-in">
      <form onSubmit={(event) => void submit(event)}>
        <h1>
          <span class="brand-mark" aria-hidden="true" /> Codemode console
        </h1>
        <label for="api-key">API key</label>
        <input
          id="api-key"
          name="apiKey"
          type="password"
          value={apiKey}
          onInput={(event) => setApiKey(event.currentTarget.value)}
          required
          autoFocus
          autoComplete="current-password"
          spellcheck={false}
          aria-describedby="api-key-help"
        />
        <p id="api-key-help" class="quiet">
          A key of the executor, such as the one in CODEMODE_API_KEY. Its rights decide what you can see and do here.
          The browser keeps a cookie for 12 hours, not the key.
        </p>
        {error && <ErrorNotice error={error} />}
        <button type="submit" class="primary" disabled={isRunning}>
          {isRunning ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
    </main>
  )
}
