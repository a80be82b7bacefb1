import {
  defaultRequestLimits,
  requestLimitsSchema,
  type RequestLimits,
  type ResolvedRequestLimits,
} from '@codemode/shared'
import { parseWith } from '@codemode/shared/internal'
import { z } from 'zod'

import { allRights, type Principal, type Right } from './engine/principal.ts'
import { parseJson } from './json-text.ts'
import { summary } from './problem-texts.ts'

/** Maximum limits that a request may ask for when its key sets none. */
export const defaultMaxLimits: ResolvedRequestLimits = {
  executionTimeoutMs: 300_000,
  cpuTimeoutMs: 30_000,
  toolTimeoutMs: 300_000,
  queueTimeoutMs: 60_000,
  memoryLimitMb: 512,
  maxToolCalls: 10_000,
}

/** Largest execution timeout of a detached execution, in milliseconds: 24 hours. */
export const maxDetachedMs = 86_400_000

const limitNames = Object.keys(defaultRequestLimits) as (keyof ResolvedRequestLimits)[]

/** Timeouts that run within the execution timeout and must not exceed it. */
const innerTimeouts = ['cpuTimeoutMs', 'toolTimeoutMs'] as const

/** Schema of an entry of a keys file. */
export const apiKeySchema = z
  .strictObject({
    id: z.string().min(1).max(128).meta({ description: 'Id of the key, which identifies it in logs' }),
    tenant: z.string().min(1).max(128),
    owner: z.string().min(1).max(128).optional(),
    rights: z.array(z.enum(allRights)).min(1).optional(),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in lower case: printf %s "$KEY" | sha256sum'),
    limits: requestLimitsSchema.optional(),
    maxLimits: requestLimitsSchema.optional(),
    maxRunning: z.int().min(1).optional(),
    maxQueued: z.int().min(0).optional(),
    maxDetachedExecutionMs: z.int().min(1).max(maxDetachedMs).optional(),
    isolation: z.enum(['tenant', 'execution']).optional(),
    reuseIsolates: z.boolean().optional(),
    expiresAt: z.iso
      .datetime({ offset: true, error: 'must be a time with its zone, such as 2030-12-31T12:00:00Z' })
      .optional(),
  })
  .superRefine(({ limits = {}, maxLimits = {} }, context) => {
    const max = { ...defaultMaxLimits, ...definedOf(maxLimits) }
    for (const name of limitNames) {
      if ((limits[name] ?? 0) > max[name]) refuse(context, name, `exceeds maxLimits.${name} (${max[name]})`)
    }
    const outer = limits.executionTimeoutMs ?? Math.min(defaultRequestLimits.executionTimeoutMs, max.executionTimeoutMs)
    for (const name of innerTimeouts) {
      if ((limits[name] ?? 0) > outer) refuse(context, name, `exceeds executionTimeoutMs (${outer})`)
    }
  })

const apiKeysSchema = z
  .array(apiKeySchema)
  .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, 'two keys have the same id')
  .refine((keys) => new Set(keys.map(({ sha256 }) => sha256)).size === keys.length, 'two keys have the same sha256')

/** An API key as the executor stores it: its SHA-256 hash and its principal, never the key itself. */
export interface ApiKey {
  readonly sha256: Buffer
  readonly principal: Principal
  readonly expiresAtMs: number
}

/** Values for a key whose entry in the keys file omits them. */
export interface KeyDefaults {
  readonly maxRunning: number
  readonly maxQueued: number
  readonly isolation: Principal['isolation']
  readonly reuseIsolates: boolean
}

/** Entry of a keys file. */
export type ApiKeyEntry = z.output<typeof apiKeySchema>

/** Parses the text of a keys file. Throws an `Error` whose message names the problem and holds no secret. */
export function parseApiKeyEntries(text: string): ApiKeyEntry[] {
  const json = parseJson(text)
  if (!json.ok) throw new Error(`it is not valid JSON: ${json.reason}`)
  const parsed = parseWith(apiKeysSchema, json.value)
  if (!parsed.ok) throw new Error(summary(parsed.problems))
  return parsed.value
}

/** Parses the text of a keys file like {@link parseApiKeyEntries}, and resolves the entries to keys. */
export function parseApiKeys(text: string, defaults: KeyDefaults): ApiKey[] {
  return parseApiKeyEntries(text).map((entry) => resolvedKey(entry, defaults))
}

function resolvedKey(entry: ApiKeyEntry, defaults: KeyDefaults): ApiKey {
  return {
    sha256: Buffer.from(entry.sha256, 'hex'),
    expiresAtMs: expiryOf(entry),
    principal: {
      keyId: entry.id,
      owner: ownerOf(entry),
      tenant: entry.tenant,
      rights: rightsOf(entry),
      ...resolvedLimits(entry.limits, entry.maxLimits),
      maxDetachedExecutionMs: entry.maxDetachedExecutionMs ?? maxDetachedMs,
      maxRunning: entry.maxRunning ?? defaults.maxRunning,
      maxQueued: entry.maxQueued ?? defaults.maxQueued,
      isolation: entry.isolation ?? defaults.isolation,
      reuseIsolates: entry.reuseIsolates ?? defaults.reuseIsolates,
    },
  }
}

/** Returns the owner of a key, which is the key's own id if its entry names none. */
export function ownerOf({ owner, id }: ApiKeyEntry): string {
  return owner ?? id
}

/** Returns the rights of a key, which are all if its entry names none. */
export function rightsOf({ rights }: ApiKeyEntry): readonly Right[] {
  return rights ?? allRights
}

/** Returns the time at which a key expires in milliseconds since the epoch; `Infinity` for a key that never expires. */
export function expiryOf({ expiresAt }: ApiKeyEntry): number {
  return expiresAt === undefined ? Infinity : Date.parse(expiresAt)
}

/** Returns the default and maximum limits of a key. A maximum below a default lowers the default. */
export function resolvedLimits(
  limits: RequestLimits = {},
  maxLimits: RequestLimits = {},
): Pick<Principal, 'defaultLimits' | 'maxLimits'> {
  const max = { ...defaultMaxLimits, ...definedOf(maxLimits) }
  const wanted = { ...defaultRequestLimits, ...definedOf(limits) }
  const lowered = limitNames.map((name) => [name, Math.min(wanted[name], max[name])] as const)
  return { defaultLimits: Object.fromEntries(lowered) as unknown as ResolvedRequestLimits, maxLimits: max }
}

/** Removes limits that are `undefined`: zod keeps such fields, and they must not override a default. */
function definedOf(limits: RequestLimits): Partial<ResolvedRequestLimits> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined))
}

function refuse(context: z.RefinementCtx, name: string, message: string): void {
  context.addIssue({ code: 'custom', path: ['limits', name], message })
}
