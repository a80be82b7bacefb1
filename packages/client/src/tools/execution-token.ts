/** The token of one execution: a JWT (RFC 7519, HS256) that names the execution and the tools that it may call. */
import { createHmac } from 'node:crypto'

import { jwtVerify } from 'jose'
import { z } from 'zod'

const audience = 'codemode-tool-server'

const claimsSchema = z.object({ sub: z.string(), tools: z.array(z.string()), exp: z.number() })

export interface TokenClaims {
  readonly executionId: string
  /** The names that the code calls the allowed tools by. */
  readonly tools: readonly string[]
}

/** What a token says that is valid. */
export interface VerifiedClaims extends TokenClaims {
  /** A whole second, in milliseconds since the epoch. */
  readonly expiresAt: number
}

/** Makes a token that is valid until its claims expire. */
export function signToken({ executionId, tools, expiresAt }: VerifiedClaims, secret: Uint8Array): string {
  const times = { iat: Math.floor(Date.now() / 1000), exp: expiresAt / 1000 }
  const payload = encode({ tools, sub: executionId, aud: audience, ...times })
  const signed = `${encode({ alg: 'HS256' })}.${payload}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

/** The claims of a token that this secret signed and that has not expired; undefined for any other. */
export async function verifyToken(token: string, secret: Uint8Array): Promise<VerifiedClaims | undefined> {
  try {
    const { payload } = await jwtVerify(token, secret, { algorithms: ['HS256'], audience, requiredClaims: ['exp'] })
    const { sub, tools, exp } = claimsSchema.parse(payload)
    return { executionId: sub, tools, expiresAt: exp * 1000 }
  } catch {
    return undefined
  }
}
