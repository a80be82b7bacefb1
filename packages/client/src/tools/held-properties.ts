// Properties of tools whose calls wait for a person, or for an answer that comes later.
import { toolDeclarationSchema, type ToolDeclaration } from '@codemode/shared'

import { ConfigurationError } from '../errors/configuration-error.ts'
import type { ApprovalRule, ToolProperties } from './define.ts'

const { approvalTimeoutMs, deferTimeoutMs } = toolDeclarationSchema.shape
const timeouts = { approvalTimeoutMs, deferTimeoutMs }

interface ToolApproval {
  readonly requiresApproval: ToolDeclaration['requiresApproval']
  readonly approvalRule: ApprovalRule | undefined
}

/** Returns the need of a tool for approvals. Throws a ConfigurationError if it is neither a boolean nor a function. */
export function approvalOf(
  name: string,
  { requiresApproval, approvalTimeoutMs: timeoutMs }: ToolProperties,
): ToolApproval {
  if (typeof requiresApproval === 'function') return { requiresApproval: 'conditional', approvalRule: requiresApproval }
  if (requiresApproval === true) return { requiresApproval: 'always', approvalRule: undefined }
  const given: unknown = requiresApproval
  if (given !== undefined && given !== false) {
    const shown = given === null ? 'null' : typeof given === 'string' ? `'${given}'` : `of type ${typeof given}`
    throw new ConfigurationError(
      `The property requiresApproval of the tool '${name}' must be true, false or a function; it is ${shown}.`,
      `codemode.registerTool('${name}', tool({ requiresApproval: ({ amount }) => amount > 100, execute }))`,
    )
  }
  if (timeoutMs === undefined) return { requiresApproval: undefined, approvalRule: undefined }
  throw new ConfigurationError(
    `The tool '${name}' has an approvalTimeoutMs and requires no approval.`,
    `codemode.registerTool('${name}', tool({ requiresApproval: true, approvalTimeoutMs: ${timeoutMs}, execute }))`,
  )
}

/** Throws a ConfigurationError if the time for an approval or a deferred answer is not one that the executor accepts. */
export function checkHeldTimeouts(name: string, properties: ToolProperties): void {
  for (const option of ['approvalTimeoutMs', 'deferTimeoutMs'] as const) {
    const value: unknown = properties[option]
    if (value === undefined || timeouts[option].safeParse(value).success) continue
    throw new ConfigurationError(
      `The property ${option} of the tool '${name}' must be a whole number of milliseconds from 1 to 2,592,000,000 (30 days); ` +
        `it is ${typeof value === 'number' ? value : `of type ${typeof value}`}.`,
      `codemode.registerTool('${name}', tool({ requiresApproval: true, ${option}: 86_400_000, execute }))`,
    )
  }
}
