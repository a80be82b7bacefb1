/** Layers of a configuration: the arguments override the environment, which overrides the file. */
import { isObject, valueAt } from '@codemode/shared/internal'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { asCall, fieldsAt, requiredFields, type Field } from './examples.ts'
import type { OptionPath } from './options.ts'

/** Source of options, with the names that they have in it, for error messages. */
export interface Origin {
  /** Returns the name of the option at this path in this source, and its place if the source has lines. */
  nameOf(path: OptionPath): string
  /** Returns the place alone; absent if messages should not mention it. */
  placeOf?(path: OptionPath): string
  /** Returns advice on an option that is missing; absent if there is never any. */
  adviceOn?(path: OptionPath): string | undefined
  /** Returns the text to write in this source instead, with these options. */
  correct(fields: readonly Field[]): string
}

/** Options that one source sets. */
export interface Layer extends Origin {
  readonly values: Readonly<Record<string, unknown>>
  /** True if numbers and booleans may be given as text. */
  readonly isText: boolean
}

/**
 * Returns the layer of a whole configuration in code. Its corrections show all options that a client requires, with the values
 * that are given and no secrets.
 */
export function codeLayer(values: unknown, callee: string): Layer {
  const isComposed = isObject(values) && values['executor'] !== undefined
  const required = isComposed ? fieldsAt(['executor']) : requiredFields.map((field) => givenField(field, values))
  return layerOf(values, {
    nameOf: (path) => path.join('.'),
    correct: (fields) => asCall(callee, [...required, ...fields]),
  })
}

function givenField(field: Field, values: unknown): Field {
  const given = isObject(values) ? valueAt(withUrlsAsText(values), field.path) : undefined
  return typeof given === 'string' && given !== '' ? { ...field, value: given } : field
}

/** Returns the layer of options in code that override a configuration from elsewhere. */
export function argumentsLayer(values: unknown, callee: string, before = ''): Layer {
  return layerOf(values, {
    nameOf: (path) => `the argument ${path.join('.')}`,
    placeOf: () => 'the arguments',
    correct: (fields) => asCall(callee, fields, before),
  })
}

function layerOf(values: unknown, origin: Origin): Layer {
  if (isObject(values)) return { ...origin, values: withUrlsAsText(values), isText: false }
  const kind = values === null ? 'null' : Array.isArray(values) ? 'an array' : `of type ${typeof values}`
  throw new ConfigurationError(`The configuration must be an object; it is ${kind}.`, origin.correct([]))
}

/** Returns options whose URLs are text, where code gives them as `URL` objects. */
function withUrlsAsText(values: Record<string, unknown>): Record<string, unknown> {
  const { executorUrl, toolServer } = values
  return {
    ...values,
    ...(executorUrl instanceof URL && { executorUrl: executorUrl.href }),
    ...(isObject(toolServer) &&
      toolServer['url'] instanceof URL && { toolServer: { ...toolServer, url: toolServer['url'].href } }),
  }
}

/** Source of the options of one execution. */
export const executeOptionsOrigin: Origin = {
  nameOf: (path) => `the option ${path.join('.')}`,
  correct: (fields) => asCall('codemode.executeAsync', fields, 'code, '),
}

/**
 * Merges the values of layers, of which the first has precedence. Objects are merged; `undefined` counts as not set.
 */
export function mergeLayers(layers: readonly Layer[]): Record<string, unknown> {
  return layers.map(({ values }) => values).reduceRight<Record<string, unknown>>(merge, {})
}

function merge(below: Readonly<Record<string, unknown>>, above: Readonly<Record<string, unknown>>) {
  const merged = new Map(Object.entries(below))
  for (const [name, value] of Object.entries(above)) {
    const under = merged.get(name)
    if (value !== undefined) merged.set(name, isObject(value) && isObject(under) ? merge(under, value) : value)
  }
  return Object.fromEntries(merged)
}

/** Returns the layer that the value at this path comes from; the lowest one if no layer sets it. */
export function layerAt(layers: readonly Layer[], path: OptionPath): Layer {
  for (let length = path.length; length > 0; length--) {
    const layer = layers.find(({ values }) => valueAt(values, path.slice(0, length)) !== undefined)
    if (layer !== undefined) return layer
  }
  return layers.at(-1)!
}

/** Sets the value at a path, and makes the objects that are missing on the way. */
export function setValueAt(values: Record<string, unknown>, path: OptionPath, value: unknown): void {
  const [name = '', ...inside] = path
  if (inside.length === 0) {
    values[name] = value
    return
  }
  const next = values[name]
  if (!isObject(next)) values[name] = {}
  setValueAt(values[name] as Record<string, unknown>, inside, value)
}
