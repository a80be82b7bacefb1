/** Makes one checked configuration from its layers. */
import { valueAt } from '@codemode/shared/internal'
import type { z } from 'zod'

import { checkNesting } from './timeouts.ts'
import { configError } from './config-error.ts'
import { codeLayer, layerAt, mergeLayers, setValueAt, type Layer } from './layer.ts'
import {
  composedSchema,
  connectedSchema,
  connectionSchema,
  type ExecutorClientConfig,
  type ResolvedConfig,
  type ResolvedConnection,
} from './schema.ts'

/** Checks a configuration that comes in layers, of which the first has precedence. Throws a ConfigurationError. */
export function resolveLayers(layers: readonly Layer[]): ResolvedConfig {
  const isComposed = layers.some(({ isText, values }) => !isText && values['executor'] !== undefined)
  return isComposed ? parse(composedSchema, layers) : withConnectTimeoutCut(parse(connectedSchema, layers))
}

/** Checks the options of an ExecutorClient. Throws a ConfigurationError that shows the corrected call. */
export function resolveConnection(config: ExecutorClientConfig): ResolvedConnection {
  return withConnectTimeoutCut(parse(connectionSchema, [codeLayer(config, 'new ExecutorClient')]))
}

function parse<Schema extends z.ZodObject>(schema: Schema, layers: readonly Layer[]): z.output<Schema> {
  const given = mergeLayers(layers)
  const first = schema.safeParse(given)
  const hasConverted = !first.success && convertText(given, first.error.issues, layers)
  const parsed = hasConverted ? schema.safeParse(given) : first
  if (!parsed.success) {
    throw configError(parsed.error.issues, { schema, given, originAt: (path) => layerAt(layers, path) })
  }
  // Checks the options as given, without defaults: a default never makes a timeout that was set invalid.
  checkNesting(given, (option) => layerAt(layers, [option]))
  return parsed.data
}

/**
 * Converts text to numbers and booleans where the schema expects them and the text comes from a layer that has only
 * text. An API key that consists of digits stays text. Returns whether it converted any.
 */
function convertText(
  given: Record<string, unknown>,
  issues: readonly z.core.$ZodIssue[],
  layers: readonly Layer[],
  at: readonly PropertyKey[] = [],
): boolean {
  const converted = issues.map((issue) => {
    const where = [...at, ...issue.path]
    if (issue.code === 'invalid_union') return issue.errors.some((branch) => convertText(given, branch, layers, where))
    const path = where.map(String)
    const text = valueAt(given, path)
    const value =
      typeof text === 'string' && layerAt(layers, path).isText ? convertedText(issue, text.trim()) : undefined
    if (value !== undefined) setValueAt(given, path, value)
    return value !== undefined
  })
  return converted.includes(true)
}

function convertedText(issue: z.core.$ZodIssue, text: string): number | boolean | undefined {
  const expectsNumber = issue.code === 'invalid_type' && ['number', 'int'].includes(issue.expected)
  if (expectsNumber) return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined
  const booleans =
    issue.code === 'invalid_value'
      ? issue.values
      : issue.code === 'invalid_type' && issue.expected === 'boolean'
        ? [true, false]
        : []
  return booleans.filter((value) => typeof value === 'boolean').find((value) => String(value) === text)
}

function withConnectTimeoutCut<Connection extends ResolvedConnection>(connection: Connection): Connection {
  const { connectTimeoutMs, requestTimeoutMs = Infinity } = connection
  return { ...connection, connectTimeoutMs: Math.min(connectTimeoutMs, requestTimeoutMs) }
}
