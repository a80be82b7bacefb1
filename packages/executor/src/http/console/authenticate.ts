import { RequestError } from '@codemode/shared'
import type { MiddlewareHandler } from 'hono'
import { getCookie } from 'hono/cookie'

import type { ConsoleSecret } from '../../console-secret.ts'
import type { Principal } from '../../engine/principal.ts'
import type { KeyStore } from '../../key-store.ts'
import type { HttpContext, HttpEnv } from '../http-context.ts'
import { isSignedFor, parseSessionToken } from './session-token.ts'

/** Name of the console's cookie. */
export const cookieName = 'codemode-console'

/** Options of the authentication of requests to the console's API. */
export interface AuthenticateOptions {
  readonly keys: KeyStore
  readonly secret: ConsoleSecret
  /** Header in which the operator's proxy sends an API key. */
  readonly keyHeader: string | undefined
  /** Clock in milliseconds since the epoch. */
  readonly now: () => number
}

/** Person who uses the console. */
export interface Visitor {
  readonly principal: Principal
  readonly signedInBy: 'cookie' | 'header'
}

/** Returns the sender of a request to the console's API. Rejects with `RequestError` UNAUTHORIZED if there is none. */
export type Authenticate = (c: HttpContext) => Promise<Visitor>

/**
 * Creates the function that authenticates requests by the key in the header of the operator's proxy, or else by the cookie.
 * The key is looked up for each request, so that one that was removed, replaced or has expired is refused at once.
 */
export function createAuthenticate({ keys, secret, keyHeader, now }: AuthenticateOptions): Authenticate {
  function byHeader(apiKey: string): Visitor {
    const principal = keys.find(apiKey)
    if (principal === undefined || principal === 'expired')
      throw signedOut(`The header ${keyHeader} has no valid API key.`, 'Ask the operator of the proxy that sets it.')
    return { principal, signedInBy: 'header' }
  }

  async function byCookie(text: string): Promise<Visitor> {
    const token = parseSessionToken(text)
    const key = token && keys.findById(token.keyId)
    if (token === undefined || key === undefined || key === 'expired') throw signedOut('The session is not valid.')
    if (!isSignedFor(token, key, await secret())) throw signedOut('The session is not valid.')
    if (token.expiresAtMs <= now()) throw signedOut('The session has expired.')
    return { principal: key.principal, signedInBy: 'cookie' }
  }

  return async function authenticate(c) {
    const apiKey = keyHeader && c.req.header(keyHeader)
    if (apiKey) return byHeader(apiKey)
    const cookie = getCookie(c, cookieName)
    // A program on another port of the host may have set one of them.
    if (countCookies(c) > 1) throw signedOut('The request has several sessions of the console.', clearCookies)
    if (cookie === undefined) throw signedOut('The request has no session of the console.')
    return byCookie(cookie)
  }
}

/** Creates a middleware that admits only requests with a session and sets the principal of its key. */
export function requireSession(authenticate: Authenticate): MiddlewareHandler<HttpEnv> {
  return async function requireSession(c, next) {
    const { principal } = await authenticate(c)
    c.set('principal', principal)
    c.set('authenticate', async () => (await authenticate(c)).principal)
    await next()
  }
}

/** Returns the number of cookies in the request that have the name of the console's. */
function countCookies(c: HttpContext): number {
  const parts = c.req.header('cookie')?.split(/[;,]/) ?? []
  return parts.filter((part) => part.trimStart().startsWith(`${cookieName}=`)).length
}

const clearCookies = 'Remove the cookies of this host in the browser, and sign in again.'

function signedOut(message: string, suggestion = 'Sign in with an API key.'): RequestError {
  return new RequestError('UNAUTHORIZED', message, { suggestion })
}
