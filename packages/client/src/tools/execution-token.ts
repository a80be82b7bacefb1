/** Bearer token of one execution: a JWT (RFC 7519, HS256) that names the execution and the tools that it may call. */
import { createHmac } from 'node:crypto'

import { jwtVerify } from 'jose'
import { z } from 'zod'

const audience = 'codemode-tool-server'

const claimsSchema = z.object({
  sub: z.string(),
  tools: z.array(z.string()),
  iat: z.number(),
  exp: z.number(),
})

export interface TokenClaims {
  readonly executionId: string
  /** Names by which the code calls the allowed tools. */
  readonly tools: readonly string[]
}

/** Content of a valid token. Its times are in milliseconds since the epoch. */
export interface VerifiedClaims extends TokenClaims {
  /** Time at which the token was made, which is before the execution's request is sent. */
  readonly issuedAt: number
  /** Time at which the token expires, a whole second. */
  readonly expiresAt: number
}

type Claims = Omit<VerifiedClaims, 'issuedAt'> & { readonly issuedAt?: number }

/** Returns a token that is valid until its claims expire. */
export function signToken(claims: Claims, secret: Uint8Array): string {
  const { executionId, tools, issuedAt = Date.now(), expiresAt } = claims
  // A NumericDate may have a fraction (RFC 7519, section 2).
  const times = { iat: issuedAt / 1000, exp: expiresAt / 1000 }
  const payload = encode({ tools, sub: executionId, aud: audience, ...times })
  const signed = `${encode({ alg: 'HS256' })}.${payload}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

/** Returns the claims of a token that this secret signed and that has not expired; undefined for any other. */
export async function verifyToken(token: string, secret: Uint8Array): Promise<VerifiedClaims | undefined> {
  try {
    const { payload } = await jwtVerify(token, secret, { algorithms: ['HS256'], audience, requiredClaims: ['exp'] })
    const { sub, tools, iat, exp } = claimsSchema.parse(payload)
    return { executionId: sub, tools, issuedAt: iat * 1000, expiresAt: exp * 1000 }
  } catch {
    return undefined
  }
}
