/** The token of one execution: a JWT (RFC 7519, HS256) that names the execution and the tools that it may call. */
import { jwtVerify, SignJWT } from 'jose'
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
  /** In milliseconds since the epoch. */
  readonly expiresAt: number
}

/** Makes a token that is valid for the given time from now. */
export function signToken(claims: TokenClaims, secret: Uint8Array, lifetimeMs: number): Promise<string> {
  return new SignJWT({ tools: claims.tools })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(claims.executionId)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(Math.ceil((Date.now() + lifetimeMs) / 1000))
    .sign(secret)
}

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
