/** A configuration comes in layers: the arguments over the environment over the file. */
import { ConfigurationError } from '../errors/configuration-error.ts'
import { asCall, fieldsAt, requiredFields, type Field } from './examples.ts'
import type { OptionPath } from './options.ts'

/** How one origin of options calls them, and how it looks when they are right. */
export interface Origin {
  /** What the option at this path is called, and where it stands. */
  nameOf(path: OptionPath): string
  /** Where it stands only, if that is to be said. */
  placeOf?(path: OptionPath): string
  /** What to write there instead. */
  correct(fields: readonly Field[]): string
}

/** What one origin gives. */
export interface Layer extends Origin {
  readonly values: Readonly<Record<string, unknown>>
  /** Whether it holds text where the schema has a number or a boolean. */
  readonly isText: boolean
}

/** A whole configuration in code: what is corrected is shown with all that a client needs. */
export function codeLayer(values: unknown, callee: string): Layer {
  const isComposed = isRecord(values) && values['executor'] !== undefined
  const required = isComposed ? fieldsAt(['executor']) : requiredFields
  return checked(values, {
    nameOf: (path) => path.join('.'),
    correct: (fields) => asCall(callee, [...required, ...fields]),
  })
}

/** What is given in code over a configuration from elsewhere. */
export function argumentsLayer(values: unknown, callee: string, before = ''): Layer {
  return checked(values, {
    nameOf: (path) => `the argument ${path.join('.')}`,
    placeOf: () => 'the arguments',
    correct: (fields) => asCall(callee, fields, before),
  })
}

function checked(values: unknown, origin: Origin): Layer {
  if (isRecord(values)) return { ...origin, values, isText: false }
  throw new ConfigurationError('The configuration must be an object.', origin.correct([]))
}

/** The options of one execution. */
export const executeOptionsOrigin: Origin = {
  nameOf: (path) => `the option ${path.join('.')}`,
  correct: (fields) => asCall('codemode.executeAsync', fields, 'code, '),
}

/** All that the layers give, the first one over the others; objects are merged, and `undefined` is nothing given. */
export function mergeLayers(layers: readonly Layer[]): Record<string, unknown> {
  return layers.map(({ values }) => values).reduceRight<Record<string, unknown>>(merge, {})
}

function merge(below: Readonly<Record<string, unknown>>, above: Readonly<Record<string, unknown>>) {
  const merged = new Map(Object.entries(below))
  for (const [name, value] of Object.entries(above)) {
    const under = merged.get(name)
    if (value !== undefined) merged.set(name, isRecord(value) && isRecord(under) ? merge(under, value) : value)
  }
  return Object.fromEntries(merged)
}

/** The layer that the value at this path comes from; the lowest one for what nobody gave. */
export function layerAt(layers: readonly Layer[], path: OptionPath): Layer {
  for (let length = path.length; length > 0; length--) {
    const layer = layers.find(({ values }) => valueAt(values, path.slice(0, length)) !== undefined)
    if (layer !== undefined) return layer
  }
  return layers.at(-1)!
}

/** The value at a path, undefined if there is none. */
export function valueAt(values: unknown, path: OptionPath): unknown {
  return path.reduce<unknown>(
    (value, name) => (isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined),
    values,
  )
}

/** Puts a value where the path says, into objects that are made where there are none. */
export function putAt(values: Record<string, unknown>, path: OptionPath, value: unknown): void {
  const [name = '', ...inside] = path
  if (inside.length === 0) {
    values[name] = value
    return
  }
  const next = values[name]
  if (!isRecord(next)) values[name] = {}
  putAt(values[name] as Record<string, unknown>, inside, value)
}

/** Whether it is an object with options in it. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
