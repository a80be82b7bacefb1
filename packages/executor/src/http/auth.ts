import { headers, RequestError } from '@codemode/shared'
import type { MiddlewareHandler } from 'hono'

import type { Principal } from '../engine/principal.ts'
import type { KeyStore } from '../key-store.ts'
import type { HttpEnv } from './http-context.ts'

const maxKeyLength = 1_024
const suggestion = 'Send your API key as "authorization: Bearer <key>".'

/** Creates a middleware that admits only requests with a valid API key (RFC 6750) and sets the principal of the key. */
export function bearerAuth({ keys }: { keys: Pick<KeyStore, 'find'> }): MiddlewareHandler<HttpEnv> {
  return async function bearerAuth(c, next) {
    const header = c.req.header(headers.authorization)
    const found = principalOf(header, keys)
    if ('problem' in found) {
      c.header('www-authenticate', `Bearer realm="codemode"${found.isToken ? ', error="invalid_token"' : ''}`)
      throw unauthorized(found)
    }
    c.set('principal', found)
    c.set('authenticate', async () => {
      const again = principalOf(header, keys)
      if ('problem' in again) throw unauthorized(again)
      return again
    })
    await next()
  }
}

interface Unauthorized {
  readonly problem: string
  /** True if the request has a key, which is not valid. */
  readonly isToken: boolean
}

function principalOf(header: string | undefined, keys: Pick<KeyStore, 'find'>): Principal | Unauthorized {
  if (header === undefined) return { problem: 'The request has no authorization header.', isToken: false }
  const key = /^Bearer +([\x21-\x7e]+)$/i.exec(header)?.[1]
  if (key === undefined || key.length > maxKeyLength)
    return { problem: 'The authorization header must be "Bearer" and an API key.', isToken: false }
  const principal = keys.find(key)
  if (principal === undefined) return { problem: 'The API key is not known to this executor.', isToken: true }
  return principal === 'expired' ? { problem: 'The API key has expired.', isToken: true } : principal
}

function unauthorized({ problem }: Unauthorized): RequestError {
  return new RequestError('UNAUTHORIZED', problem, { suggestion })
}
