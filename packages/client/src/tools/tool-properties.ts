/** Check of the properties of tools that are plain objects: other libraries name them differently. */
import { nearestName } from '@codemode/shared/internal'

import { ConfigurationError } from '../errors/configuration-error.ts'
import type { Tool } from './define.ts'

const known: ReadonlySet<string> = new Set<keyof Tool>([
  'description',
  'inputSchema',
  'outputSchema',
  'annotations',
  'timeoutMs',
  'requiresApproval',
  'approvalTimeoutMs',
  'deferTimeoutMs',
  'execute',
  'runAsync',
  'run',
])

/** Properties by the names that other libraries have for them, for which the nearest name would be wrong or missing. */
const meantBy: Readonly<Record<string, keyof Tool>> = {
  parameters: 'inputSchema',
  params: 'inputSchema',
  schema: 'inputSchema',
  input: 'inputSchema',
  inputs: 'inputSchema',
  args: 'inputSchema',
  argsSchema: 'inputSchema',
  jsonSchema: 'inputSchema',
  output: 'outputSchema',
  returns: 'outputSchema',
  resultSchema: 'outputSchema',
  timeout: 'timeoutMs',
  handler: 'execute',
  handle: 'execute',
  func: 'execute',
  fn: 'execute',
  callback: 'execute',
  cb: 'execute',
  call: 'execute',
  invoke: 'execute',
  implementation: 'execute',
  needsApproval: 'requiresApproval',
  requireApproval: 'requiresApproval',
  approvalTimeout: 'approvalTimeoutMs',
  deferTimeout: 'deferTimeoutMs',
  desc: 'description',
  summary: 'description',
  instructions: 'description',
}

/** Properties that contain the parts of a tool in other libraries. */
const containers: Readonly<Record<string, string>> = {
  function: 'take description and parameters out of it, as description and inputSchema',
  toolSpec: 'take description and inputSchema out of it',
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Throws a ConfigurationError if a tool that is a plain object has a property by which another one is meant. Other
 * properties are state that its handler may use, as in instances of classes.
 */
export function checkProperties(name: string, tool: object): void {
  const prototype: unknown = Object.getPrototypeOf(tool)
  if (prototype !== Object.prototype && prototype !== null) return
  const foreign = Object.entries(tool).filter(([property, value]) => value !== undefined && !known.has(property))
  for (const [property, value] of foreign) {
    const meant = meantProperty(property, value)
    if (meant !== undefined) throw notATool(name, property, { advice: `; did you mean ${meant}?`, meant })
    if (!Object.hasOwn(containers, property) || hasHandler(tool)) continue
    throw notATool(name, property, { advice: `: ${containers[property]}.` })
  }
  const inner = hasHandler(tool) ? undefined : foreign.find(([, value]) => isTool(value))
  if (inner === undefined) return
  throw new ConfigurationError(
    `The tool '${name}' contains the tool '${inner[0]}'. A namespace is a dot in the name of a tool.`,
    `codemode.registerTool('${name}.${inner[0]}', …)`,
  )
}

/** Returns whether an object is a tool by its handler. */
export const hasHandler = (tool: object): boolean =>
  ['execute', 'runAsync', 'run'].some((method) => typeof (tool as Fields)[method] === 'function')

const isTool = (value: unknown): boolean =>
  typeof value === 'function' || (typeof value === 'object' && value !== null && hasHandler(value))

/** Returns the property that is meant by another one; undefined if its name or its value does not suggest one. */
function meantProperty(property: string, value: unknown): keyof Tool | undefined {
  const meant = Object.hasOwn(meantBy, property)
    ? meantBy[property]
    : (nearestName(property, known) as keyof Tool | undefined)
  return meant !== undefined && isPlausible(meant, value) ? meant : undefined
}

function isPlausible(meant: keyof Tool, value: unknown): boolean {
  if (meant === 'execute' || meant === 'run' || meant === 'runAsync') return typeof value === 'function'
  if (meant === 'description') return typeof value === 'string'
  const isSchema = meant === 'inputSchema' || meant === 'outputSchema'
  return !isSchema || (typeof value === 'object' && value !== null) || typeof value === 'function'
}

interface Fault {
  /** End of the message. */
  readonly advice: string
  /** Property that is meant. */
  readonly meant?: keyof Tool
}

function notATool(name: string, property: string, { advice, meant }: Fault): ConfigurationError {
  return new ConfigurationError(
    `The tool '${name}' has the property ${property}, which tools do not have${advice}`,
    `codemode.registerTool('${name}', tool({ ${exampleOf(meant)}, execute: async (input) => … }))`,
  )
}

const examples: Partial<Record<keyof Tool, string>> = {
  inputSchema: 'inputSchema: z.object({ city: z.string() })',
  outputSchema: 'outputSchema: z.object({ celsius: z.number() })',
  timeoutMs: 'timeoutMs: 5_000',
  requiresApproval: 'requiresApproval: true',
  approvalTimeoutMs: 'approvalTimeoutMs: 86_400_000',
  deferTimeoutMs: 'deferTimeoutMs: 3_600_000',
}

const exampleOf = (meant: keyof Tool = 'description'): string => examples[meant] ?? "description: 'what it does'"
