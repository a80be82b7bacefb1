import { RequestError } from '@codemode/shared'
import type { Handler } from 'hono'
import { deleteCookie, setCookie } from 'hono/cookie'
import { z } from 'zod'

import type { ConsoleSecret } from '../../console-secret.ts'
import type { KeyStore, KnownKey } from '../../key-store.ts'
import { bodyLimits, jsonBody } from '../body.ts'
import type { HttpContext, HttpEnv } from '../http-context.ts'
import { cookieName } from './authenticate.ts'
import type { DescribeSession } from './session.ts'
import { createSessionToken } from './session-token.ts'

/** Milliseconds for which a person stays signed in. */
const sessionMs = 12 * 3_600_000

interface SignInOptions {
  readonly keys: KeyStore
  readonly secret: ConsoleSecret
  readonly describe: DescribeSession
  readonly basePath: string
  readonly now: () => number
}

const readBody = jsonBody({
  schema: z.strictObject({ apiKey: z.string().max(1_024) }),
  maxBytes: bodyLimits.cancelBytes,
})

/** Handles POST sign-in: exchanges an API key for a cookie, and responds with the session. */
export function signIn({ keys, secret, describe, basePath, now }: SignInOptions): Handler<HttpEnv> {
  function keyFor(apiKey: string): KnownKey | string {
    const principal = keys.find(apiKey)
    const key = principal === undefined || principal === 'expired' ? principal : keys.findById(principal.keyId)
    if (key === undefined) return 'The API key is not known to this executor.'
    return key === 'expired' ? 'The API key has expired.' : key
  }

  return async function signIn(c) {
    const { value } = await readBody(c.req.raw)
    const key = keyFor(value.apiKey)
    if (typeof key === 'string')
      throw new RequestError('UNAUTHORIZED', key, { suggestion: 'Sign in with an API key of this executor.' })
    const token = createSessionToken(key, now() + sessionMs, await secret())
    setCookie(c, cookieName, token, { ...cookieOptions(c, basePath), maxAge: sessionMs / 1_000 })
    return c.json(describe({ principal: key.principal, signedInBy: 'cookie' }))
  }
}

/** Handles POST sign-out: removes the cookie. */
export function signOut({ basePath }: Pick<SignInOptions, 'basePath'>): Handler<HttpEnv> {
  return function signOut(c) {
    deleteCookie(c, cookieName, cookieOptions(c, basePath))
    return c.body(null, 204)
  }
}

function cookieOptions(c: HttpContext, path: string) {
  return { httpOnly: true, sameSite: 'Strict', path, secure: isHttps(c) } as const
}

/** Returns whether the browser uses HTTPS, also if a proxy ends it. */
function isHttps(c: HttpContext): boolean {
  const forwarded = c.req.header('x-forwarded-proto')?.split(',', 1)[0]?.trim().toLowerCase()
  return (forwarded ?? URL.parse(c.req.url)?.protocol.slice(0, -1)) === 'https'
}
