import { decisionSchema, type Decision, type Json } from '@codemode/shared'
import { nearestName, parseWith, pathText } from '@codemode/shared/internal'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { NotJsonError } from '../tools/not-json.ts'
import { toJson } from '../tools/to-json.ts'

/** Value that becomes JSON. */
type JsonValue = Json | object

/** Decision that the call runs. */
interface Approve {
  readonly approve: true
  /** Edited input, which the handler gets in place of the one that was asked for. */
  readonly input?: JsonValue | undefined
  /** Remark, which is kept with the decision. */
  readonly note?: string | undefined
}

/** Decision that the call does not run. */
interface Reject {
  /** Reason, which the code gets as the message of a ToolError with the code `TOOL_REJECTED`. */
  readonly reject: string
  /** Whether the execution ends, with the code `APPROVAL_REJECTED`; false by default. */
  readonly end?: boolean | undefined
  /** Remark, which is kept with the decision. */
  readonly note?: string | undefined
}

/** Decision that the code gets a value in place of the tool's output. */
interface Respond {
  readonly respond: JsonValue
  /** Remark, which is kept with the decision. */
  readonly note?: string | undefined
}

/** Decision about a tool call: approve it, with its input or an edited one; reject it; or respond in place of the tool. */
export type ApprovalDecision = Approve | Reject | Respond

const fieldsOf = {
  approve: ['approve', 'input', 'note'],
  reject: ['reject', 'end', 'note'],
  respond: ['respond', 'note'],
} as const

type Kind = keyof typeof fieldsOf

const forms = "{ approve: true }, { reject: 'reason' } or { respond: value }"

/** Returns a decision in the form of the wire. Throws a ConfigurationError if it is none. */
export function decisionFrom(given: unknown): Decision {
  const fields = typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : {}
  const kinds = (['approve', 'reject', 'respond'] as const).filter((kind) => fields[kind] !== undefined)
  const [kind] = kinds
  if (kind === undefined || kinds.length > 1) throw noDecision(given, kinds.length === 0 ? Object.keys(fields) : [])
  const foreign = Object.keys(fields).find((name) => !(fieldsOf[kind] as readonly string[]).includes(name))
  if (foreign !== undefined) throw invalid(kind, `has the property ${foreign}, which does not go with ${kind}`)
  if (kind === 'approve' && fields['approve'] !== true) {
    const { approve } = fields
    const shown = typeof approve === 'boolean' ? String(approve) : `of type ${typeof approve}`
    throw new ConfigurationError(
      `approve is ${shown}; it must be true. To refuse the call: { reject: 'reason' }.`,
      examples.reject,
    )
  }
  const { input, note, end } = fields
  const wire = {
    decision: kind,
    ...(note !== undefined && { note }),
    ...(kind === 'approve' && input !== undefined && { input: jsonOf(kind, 'input', input) }),
    ...(kind === 'reject' && { reason: fields['reject'], ...(end !== undefined && { end }) }),
    ...(kind === 'respond' && { output: jsonOf(kind, 'respond', fields['respond']) }),
  }
  const parsed = parseWith(decisionSchema, wire)
  if (parsed.ok) return parsed.value
  const [problem] = parsed.problems
  const name = pathText(problem?.path ?? []).replace('reason', 'reject')
  throw invalid(kind, `is not valid: ${name}: ${problem?.message}`)
}

function jsonOf(kind: Kind, name: string, value: unknown): Json {
  try {
    return toJson(value)
  } catch (cause) {
    if (!(cause instanceof NotJsonError)) throw cause
    throw invalid(kind, `can't be sent: ${cause.about(name).replace(/\.$/, '')}`)
  }
}

function noDecision(given: unknown, names: readonly string[]): ConfigurationError {
  const meant = names.flatMap((name) => nearestName(name, Object.keys(fieldsOf)) ?? [])[0]
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`
  const type = given === null ? 'null' : Array.isArray(given) ? 'an array' : `of type ${typeof given}`
  const shown = typeof given === 'object' && given !== null ? `an object with ${Object.keys(given).join(', ')}` : type
  return new ConfigurationError(
    `A decision must be one of ${forms}; the value is ${shown}${hint || '.'}`,
    examples[(meant as Kind | undefined) ?? 'approve'],
  )
}

function invalid(kind: Kind, problem: string): ConfigurationError {
  return new ConfigurationError(`The decision ${problem}.`, examples[kind])
}

const examples = {
  approve: "codemode.decide(approval, { approve: true, note: 'checked with the customer' })",
  reject: "codemode.decide(approval, { reject: 'reason' })",
  respond: 'codemode.decide(approval, { respond: value })',
} as const
