import { timingSafeEqual, createHash } from 'node:crypto'

import { environment } from '../config/env.ts'
import { UsageError } from './usage-error.ts'

const loopback = /^(?:localhost|::1|127(?:\.\d{1,3}){3})$/

/** Returns whether an address is one that only programs of this machine reach. */
export function isLoopback(host: string): boolean {
  return loopback.test(host)
}

/** Returns the token that MCP clients must send, if there is one. Throws `UsageError` if it is required and missing. */
export function mcpToken(host: string): string | undefined {
  const token = environment['CODEMODE_MCP_TOKEN']
  if (token !== undefined && token !== '') return token
  if (isLoopback(host)) return undefined
  throw new UsageError(
    `--host ${host} is reachable from other machines: set CODEMODE_MCP_TOKEN to a secret that clients send, as in: CODEMODE_MCP_TOKEN=$(openssl rand -hex 32)`,
  )
}

/** Returns whether a request has the token, in constant time. */
export function hasToken(request: Request, token: string): boolean {
  const [, given = ''] = /^bearer (.+)$/i.exec(request.headers.get('authorization') ?? '') ?? []
  return timingSafeEqual(hashOf(given), hashOf(token))
}

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest()
