import type { ConsoleAssets } from '@codemode/console'
import type { ConsoleSession } from '@codemode/shared'
import { Hono } from 'hono'

import type { ConsoleSecret } from '../../console-secret.ts'
import type { KeyStore } from '../../key-store.ts'
import { addApiRoutes, type ApiRoutesOptions } from '../api-routes.ts'
import { respondNotFound, type RefusalObserver } from '../errors.ts'
import type { HttpEnv } from '../http-context.ts'
import { refuseOtherMethods } from '../method-not-allowed.ts'
import { createAuthenticate, requireSession } from './authenticate.ts'
import { serveFiles } from './files.ts'
import { refuseWrites } from './read-only.ts'
import { refuseServing } from './refuse-serving.ts'
import { requireSameOrigin } from './same-origin.ts'
import { isolateFromOtherSites } from './security-headers.ts'
import { createDescribeSession, readSession } from './session.ts'
import { signIn, signOut } from './sign-in.ts'

/** Options of the web console. */
export interface ConsoleOptions {
  /** Loads the page and its files, for the first request that needs them. */
  readonly loadAssets: () => Promise<ConsoleAssets>
  readonly basePath: string
  readonly mode: 'on' | 'read-only'
  /** Header in which the operator's proxy sends an API key; undefined if there is no such proxy. */
  readonly keyHeader: string | undefined
  readonly secret: ConsoleSecret
  /** True if the executor has a store. */
  readonly hasStore: boolean
  /** Returns which of the executions that end now are stored. */
  readonly stores: () => ConsoleSession['stores']
  /** Milliseconds for which an execution that is not stored can be read after its end, at most. */
  readonly retainMs: number
  /** Clock in milliseconds since the epoch. */
  readonly now?: () => number
}

interface ConsoleDependencies {
  readonly keys: KeyStore
  readonly routes: ApiRoutesOptions
  readonly observer: RefusalObserver
}

/**
 * Creates the web console, to be mounted at its path: its files, and below `/api` the routes of `/v1` for requests with a
 * session of the console in place of an API key.
 */
export function createConsoleApp(
  { loadAssets, basePath, mode, keyHeader, secret, hasStore, stores, retainMs, now = Date.now }: ConsoleOptions,
  { keys, routes, observer }: ConsoleDependencies,
): Hono<HttpEnv> {
  const authenticate = createAuthenticate({ keys, secret, keyHeader, now })
  const { info, forbidSelfApproval } = routes
  const describe = createDescribeSession({ mode, info, hasStore, stores, retainMs, forbidSelfApproval })
  const app = new Hono<HttpEnv>()
  app.use(isolateFromOtherSites())

  const api = app.basePath('/api')
  api.use('/*', requireSameOrigin())
  api.post('/sign-in', signIn({ keys, secret, describe, basePath, now }))
  api.post('/sign-out', signOut({ basePath }))
  api.get('/session', readSession(authenticate, describe))
  api.use('/*', requireSession(authenticate))
  if (mode === 'read-only') api.use('/*', refuseWrites())
  api.use('/executions/:id/events', refuseServing())
  addApiRoutes(api, routes)
  refuseOtherMethods(app, { observer })
  api.all('/*', respondNotFound({ observer }))

  app.get('/*', serveFiles({ loadAssets, basePath }))
  return app
}
