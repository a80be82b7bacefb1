import type { ConsoleSession } from '@codemode/shared'
import { LocationProvider, Route, Router, useLocation } from 'preact-iso'
import type { ComponentChildren } from 'preact'
import { useEffect, useErrorBoundary, useState } from 'preact/hooks'

import { ApiError } from './api/request.ts'
import { readSession } from './api/session.ts'
import { onSignedOut } from './api/signed-out.ts'
import { basePath } from './base-path.ts'
import { Header } from './layout/header.tsx'
import { NotFoundPage } from './layout/not-found-page.tsx'
import { SignInPage } from './layout/sign-in-page.tsx'
import { useFocusOnNavigation } from './layout/use-focus-on-navigation.ts'
import { ApprovalsPage } from './pages/approvals/approvals-page.tsx'
import { ExecutionPage } from './pages/execution/execution-page.tsx'
import { ExecutionsPage } from './pages/executions/executions-page.tsx'
import { GuestText } from './parts/guest-text.tsx'
import { EmptyNotice, ErrorNotice, Loading } from './parts/notice.tsx'
import { SessionContext } from './session-context.ts'

type SignIn =
  | { state: 'loading' }
  | { state: 'out' }
  | { state: 'in'; session: ConsoleSession }
  | { state: 'failed'; error: ApiError }

/** Catches an error of a page, so that it leaves a message and not an empty window. */
function Guarded({ children }: { children: ComponentChildren }) {
  const { path } = useLocation()
  const [error, reset] = useErrorBoundary()
  // Another page may not fail.
  useEffect(() => reset, [path])
  if (error === undefined) return <>{children}</>
  return (
    <div class="page">
      <EmptyNotice title="This page failed">
        <p>
          <GuestText text={String(error)} />
        </p>
        <button type="button" onClick={reset}>
          Try again
        </button>
      </EmptyNotice>
    </div>
  )
}

/** Page that the path names. */
function Pages() {
  const { path } = useLocation()
  useFocusOnNavigation(path)
  // The router throws for such a path.
  if (!isDecodable(path)) return <NotFoundPage />
  return (
    <Router>
      <Route path={basePath} component={ExecutionsPage} />
      <Route path={`${basePath}/executions`} component={ExecutionsPage} />
      <Route path={`${basePath}/executions/:id`} component={ExecutionPage} />
      <Route path={`${basePath}/approvals`} component={ApprovalsPage} />
      <Route default component={NotFoundPage} />
    </Router>
  )
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}

/** Ignores that a request failed: the pages say so themselves. */
function ignoreApiError(error: unknown): void {
  if (!(error instanceof ApiError)) throw error
}

/** Milliseconds between two looks at whether the executor has begun to store executions. */
const storesEveryMs = 10_000

/** The console: the sign-in page, or the page that the path names. */
export function App() {
  const [signIn, setSignIn] = useState<SignIn>({ state: 'loading' })

  function load(): void {
    readSession().then(
      (session) => setSignIn({ state: 'in', session }),
      (error: unknown) => {
        if (!(error instanceof ApiError)) throw error
        setSignIn(error.status === 401 ? { state: 'out' } : { state: 'failed', error })
      },
    )
  }
  useEffect(load, [])
  const session = signIn.state === 'in' ? signIn.session : undefined
  // The first execution that is to be stored starts the store.
  const mayStore = session?.hasStore === true && session.stores === 'nothing'
  useEffect(() => {
    if (!mayStore) return undefined
    const timer = setInterval(() => {
      readSession().then(
        (next) => next.stores !== 'nothing' && setSignIn({ state: 'in', session: next }),
        ignoreApiError,
      )
    }, storesEveryMs)
    return () => clearInterval(timer)
  }, [mayStore])
  useEffect(() => onSignedOut(() => setSignIn({ state: 'out' })), [])

  switch (signIn.state) {
    case 'loading':
      return <Loading of="the console" />
    case 'failed':
      return (
        <main>
          <ErrorNotice error={signIn.error} onRetry={load} />
        </main>
      )
    case 'out':
      return <SignInPage onSignedIn={(session) => setSignIn({ state: 'in', session })} />
    case 'in':
      return (
        <SessionContext.Provider value={signIn.session}>
          <LocationProvider scope={basePath}>
            <Header />
            <main id="content" tabIndex={-1}>
              <Guarded>
                <Pages />
              </Guarded>
            </main>
          </LocationProvider>
        </SessionContext.Provider>
      )
  }
}
