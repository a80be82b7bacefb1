/** Inputs of the built-in tools: the guest sends one argument as it is, and several as a list. */
import { ToolError } from '../../errors/tool-error.ts'

const maxQueryLength = 1_000
const maxLimit = 50
const maxDescribed = 50

/** Returns the query of `$search(query, { limit })`, and how many tools it asks for. */
export function readSearch(input: unknown): { readonly query: string; readonly limit: number } {
  const [first, options] = argumentsOf(input)
  const { query, limit = 5 } = typeof first === 'string' ? { ...objectOf(options), query: first } : objectOf(first)
  if (typeof query !== 'string' || query.trim() === '' || query.length > maxQueryLength) {
    throw invalid('$search', `takes words, up to ${maxQueryLength} characters: await tools.$search('send a message')`)
  }
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > maxLimit) {
    throw invalid(
      '$search',
      `takes a limit from 1 to ${maxLimit}: await tools.$search('send a message', { limit: 10 })`,
    )
  }
  return { query, limit }
}

/** Returns the names of `$describe(name)` or `$describe([name, …])`, without a `tools.` before them. */
export function readDescribe(input: unknown): readonly string[] {
  const [first] = Array.isArray(input) && input.every((name) => typeof name === 'string') ? [input] : argumentsOf(input)
  const given = typeof first === 'string' || Array.isArray(first) ? first : objectOf(first)['name']
  const names: unknown[] = Array.isArray(given) ? given : [given]
  if (names.length === 0 || names.length > maxDescribed || !names.every((name) => typeof name === 'string')) {
    throw invalid(
      '$describe',
      `takes a name, or a list of up to ${maxDescribed}: await tools.$describe('github.list_issues')`,
    )
  }
  return names.map((name) => name.replace(/^tools\./, ''))
}

/** Returns the namespace of `$list(namespace)`; undefined for `$list()`. */
export function readList(input: unknown): string | undefined {
  const [first] = argumentsOf(input)
  const namespace = typeof first === 'object' ? objectOf(first)['namespace'] : first
  if (namespace === undefined || typeof namespace === 'string') return namespace
  throw invalid('$list', "takes a namespace, or nothing: await tools.$list('github')")
}

function argumentsOf(input: unknown): readonly unknown[] {
  return Array.isArray(input) ? input : [input]
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function invalid(tool: string, rule: string): ToolError {
  return new ToolError(`tools.${tool} ${rule}.`, { code: 'TOOL_INPUT_INVALID' })
}
