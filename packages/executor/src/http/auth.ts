import { headers, RequestError } from '@codemode/shared'
import type { MiddlewareHandler } from 'hono'

import type { KeyStore } from '../key-store.ts'
import type { HttpEnv } from './env.ts'

const suggestion = 'Send your API key as "authorization: Bearer <key>".'

/** Lets in only requests with an API key (RFC 6750), and tells the routes whose it is. */
export function bearerAuth({ keys }: { keys: Pick<KeyStore, 'find'> }): MiddlewareHandler<HttpEnv> {
  return async function bearerAuth(c, next) {
    c.header('www-authenticate', 'Bearer realm="codemode"')
    const header = c.req.header(headers.authorization)
    if (header === undefined) throw unauthorized('The request has no authorization header.')
    const key = /^Bearer +([\x21-\x7e]{1,1024})$/i.exec(header)?.[1]
    if (key === undefined) throw unauthorized('The authorization header is not "Bearer" and an API key.')
    const principal = keys.find(key)
    c.header('www-authenticate', 'Bearer realm="codemode", error="invalid_token"')
    if (principal === undefined) throw unauthorized('The API key is not known to this executor.')
    if (principal === 'expired') throw unauthorized('The API key has expired.')
    c.header('www-authenticate', undefined)
    c.set('principal', principal)
    await next()
  }
}

function unauthorized(message: string): RequestError {
  return new RequestError('UNAUTHORIZED', message, { suggestion })
}
