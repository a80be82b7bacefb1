/** Check of the properties of tools that are plain objects: other libraries name them differently. */
import { nearestName } from '@codemode/shared/internal'

import { ConfigurationError } from '../errors/configuration-error.ts'
import type { Tool } from './define.ts'

const known: ReadonlySet<string> = new Set<keyof Tool>([
  'description',
  'inputSchema',
  'outputSchema',
  'timeoutMs',
  'requiresApproval',
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
  desc: 'description',
  summary: 'description',
  instructions: 'description',
}

/** Properties for which a tool has no place, with the reason. */
const misplaced: Readonly<Record<string, string>> = {
  function: 'take description and parameters out of it, as description and inputSchema',
  toolSpec: 'take description and inputSchema out of it',
  name: 'the name of a tool is its key in tools, or the first argument of registerTool',
  strict: 'inputs are always checked by the inputSchema',
  type: 'every tool is a function',
  title: 'put it into the description',
  annotations: 'put them into the description',
}

/**
 * Throws a ConfigurationError if a tool that is a plain object has a property that tools do not have. Instances of
 * classes may have any.
 */
export function checkProperties(name: string, tool: object): void {
  const prototype: unknown = Object.getPrototypeOf(tool)
  if (prototype !== Object.prototype && prototype !== null) return
  const foreign = Object.entries(tool)
    .filter(([property, value]) => value !== undefined && !known.has(property))
    .map(([property]) => property)
  if (foreign.length === 0) return
  const [first = ''] = foreign
  const misspelt = foreign.find((property) => meantProperty(property) !== undefined)
  const isNamespace = misspelt === undefined && !hasHandler(tool) && isTool((tool as Fields)[first])
  if (isNamespace) {
    throw new ConfigurationError(
      `The tool '${name}' contains the tool '${first}'. A namespace is a dot in the name of a tool.`,
      `codemode.registerTool('${name}.${first}', …)`,
    )
  }
  const meant = misspelt === undefined ? undefined : meantProperty(misspelt)
  const misplacedOne = Object.keys(misplaced).find((property) => foreign.includes(property))
  const advice =
    meant !== undefined
      ? `; did you mean ${meant}${foreign.length > 1 ? ` by ${misspelt}` : ''}?`
      : misplacedOne !== undefined
        ? `: ${misplaced[misplacedOne]}.`
        : `: they have ${[...known].join(', ')}.`
  const properties = foreign.length === 1 ? `the property ${first}` : `the properties ${foreign.join(', ')}`
  throw new ConfigurationError(
    `The tool '${name}' has ${properties}, which tools do not have${advice}`,
    exampleOf(name, meant),
  )
}

type Fields = Readonly<Record<string, unknown>>

const hasHandler = (tool: object): boolean =>
  ['execute', 'runAsync', 'run'].some((method) => typeof (tool as Fields)[method] === 'function')

const isTool = (value: unknown): boolean =>
  typeof value === 'function' || (typeof value === 'object' && value !== null && hasHandler(value))

function meantProperty(property: string): keyof Tool | undefined {
  if (Object.hasOwn(meantBy, property)) return meantBy[property]
  return Object.hasOwn(misplaced, property) ? undefined : (nearestName(property, known) as keyof Tool | undefined)
}

function exampleOf(name: string, meant: keyof Tool | undefined): string {
  const values: Partial<Record<keyof Tool, string>> = {
    description: "'what it does'",
    inputSchema: 'z.object({ city: z.string() })',
    outputSchema: 'z.object({ celsius: z.number() })',
    timeoutMs: '5_000',
    requiresApproval: 'false',
  }
  const value = meant === undefined ? undefined : values[meant]
  const before = value === undefined ? "description: 'what it does'" : `${meant}: ${value}`
  return `codemode.registerTool('${name}', tool({ ${before}, execute: async (input) => … }))`
}
