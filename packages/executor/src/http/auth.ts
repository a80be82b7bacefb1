import { headers, RequestError } from '@codemode/shared'
import type { MiddlewareHandler } from 'hono'

import type { KeyStore } from '../key-store.ts'
import type { HttpContext, HttpEnv } from './http-context.ts'

const maxKeyLength = 1_024
const suggestion = 'Send your API key as "authorization: Bearer <key>".'

/** Creates a middleware that admits only requests with a valid API key (RFC 6750) and sets the principal of the key. */
export function bearerAuth({ keys }: { keys: Pick<KeyStore, 'find'> }): MiddlewareHandler<HttpEnv> {
  return async function bearerAuth(c, next) {
    const header = c.req.header(headers.authorization)
    if (header === undefined) throw unauthorized(c, 'The request has no authorization header.')
    const key = /^Bearer +([\x21-\x7e]+)$/i.exec(header)?.[1]
    if (key === undefined || key.length > maxKeyLength)
      throw unauthorized(c, 'The authorization header must be "Bearer" and an API key.')
    const principal = keys.find(key)
    if (principal === undefined) throw invalidToken(c, 'The API key is not known to this executor.')
    if (principal === 'expired') throw invalidToken(c, 'The API key has expired.')
    c.set('principal', principal)
    await next()
  }
}

function invalidToken(c: HttpContext, message: string): RequestError {
  return unauthorized(c, message, ', error="invalid_token"')
}

function unauthorized(c: HttpContext, message: string, reason = ''): RequestError {
  c.header('www-authenticate', `Bearer realm="codemode"${reason}`)
  return new RequestError('UNAUTHORIZED', message, { suggestion })
}
