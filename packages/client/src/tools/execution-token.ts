/**
 * Bearer token of one execution: a JWT (RFC 7519) with the HMAC of HS256, which names the execution and the tools that
 * it may call. Its header is one of two constants, so that no token chooses its algorithm: the payload of a token with many
 * tools is compressed (`zip`, as in RFC 7516), because a request header has little room.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'

import { z } from 'zod'

const header = encode(Buffer.from(JSON.stringify({ alg: 'HS256' })))
const compressedHeader = encode(Buffer.from(JSON.stringify({ alg: 'HS256', zip: 'DEF' })))
/** Length of a payload from which it is compressed. */
const minCompressedLength = 1_024
/** Maximum length of a payload after decompression: 1,003 tools with names of 128 characters, of up to 3 bytes. */
const maxPayloadBytes = 512 * 1_024
const audience = 'codemode-tool-server'

// A NumericDate may have a fraction (RFC 7519, section 2).
const payloadSchema = z.object({
  sub: z.string(),
  tools: z.array(z.string()),
  bound: z.literal(true).optional(),
  approves: z.literal(true).optional(),
  aud: z.literal(audience),
  iat: z.number(),
  exp: z.number(),
})

/** Content of a valid token. Its times are in milliseconds since the epoch. */
export interface TokenClaims {
  readonly executionId: string
  /** Names by which the code calls the allowed tools. */
  readonly tools: readonly string[]
  /** Whether only the process that made the token can serve its calls: it has the tools of a view, or a function of its own. */
  readonly isBound: boolean
  /** Whether the client decides about approvals, with its function `onApproval`. */
  readonly isApprovedHere?: boolean | undefined
  /** Time at which the token was made, which is before the execution's request is sent. */
  readonly issuedAt: number
  readonly expiresAt: number
}

/** Returns a token that is valid until its claims expire. */
export function signToken(
  { executionId, tools, isBound, isApprovedHere, issuedAt, expiresAt }: TokenClaims,
  secret: Uint8Array,
): string {
  const scope = {
    sub: executionId,
    tools,
    ...(isBound && { bound: true }),
    ...(isApprovedHere === true && { approves: true }),
  }
  const payload = Buffer.from(JSON.stringify({ ...scope, aud: audience, iat: issuedAt / 1000, exp: expiresAt / 1000 }))
  const signed =
    payload.length < minCompressedLength
      ? `${header}.${encode(payload)}`
      : `${compressedHeader}.${encode(deflateRawSync(payload, { level: 9 }))}`
  return `${signed}.${signatureOf(signed, secret)}`
}

/** Returns the claims of a token that this secret signed and that has not expired; undefined for any other. */
export function verifyToken(token: string, secret: Uint8Array): TokenClaims | undefined {
  const [given, payload, signature, ...rest] = token.split('.', 4)
  if (given !== header && given !== compressedHeader) return undefined
  if (payload === undefined || signature === undefined || rest.length > 0) return undefined
  if (!isEqual(signature, signatureOf(`${given}.${payload}`, secret))) return undefined
  const claims = claimsOf(payload, given === compressedHeader)
  return claims !== undefined && Date.now() < claims.expiresAt ? claims : undefined
}

/** Returns the claims in a signed payload; undefined for one that was signed with the same secret for another purpose. */
function claimsOf(payload: string, isCompressed: boolean): TokenClaims | undefined {
  try {
    const bytes = Buffer.from(payload, 'base64url')
    const json = isCompressed ? inflateRawSync(bytes, { maxOutputLength: maxPayloadBytes }) : bytes
    const { sub, tools, bound = false, approves, iat, exp } = payloadSchema.parse(JSON.parse(json.toString()))
    return {
      executionId: sub,
      tools,
      isBound: bound,
      ...(approves && { isApprovedHere: true }),
      issuedAt: iat * 1000,
      expiresAt: exp * 1000,
    }
  } catch {
    return undefined
  }
}

function encode(part: Buffer): string {
  return part.toString('base64url')
}

function signatureOf(signed: string, secret: Uint8Array): string {
  return createHmac('sha256', secret).update(signed).digest('base64url')
}

/** Returns whether two texts are equal, in a time that does not depend on where they differ. */
function isEqual(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)]
  return one.length === other.length && timingSafeEqual(one, other)
}
