import type { Brand } from './brand.ts'
import { showPrimitive } from './inspect-primitive.ts'
import type { Primordials } from './primordials.ts'

/**
 * Returns the text that stands for an object without properties of its own; empty for one that is shown by its
 * contents.
 */
export function baseOf(p: Primordials, value: object, brand: Brand | 'Function' | undefined, name?: string): string {
  switch (brand) {
    case 'Function':
      return describeFunction(p, value)
    case 'Error':
      return describeError(p, value as Error)
    case 'Date':
      return describeDate(p, value as Date)
    case 'RegExp':
      return `/${p.regExpSource(value as RegExp)}/${p.regExpFlags(value as RegExp)}`
    case 'Number':
      return `[Number: ${showPrimitive(p, p.numberValueOf(value))}]`
    case 'String':
      return `[String: ${showPrimitive(p, p.stringValueOf(value))}]`
    case 'Boolean':
      return `[Boolean: ${p.booleanValueOf(value)}]`
    case 'BigInt':
      return `[BigInt: ${showPrimitive(p, p.bigIntValueOf(value))}]`
    case 'Symbol':
      return `[Symbol: ${showPrimitive(p, p.symbolValueOf(value))}]`
    case 'WeakMap':
    case 'WeakSet':
      return `${name ?? brand} { <items unknown> }`
    default:
      return ''
  }
}

/** Returns the text of `baseOf`, in brackets for an error without a stack. */
export function showBase(p: Primordials, base: string, brand: string | undefined): string {
  return brand === 'Error' && p.stringIndexOf(base, '\n') === -1 ? `[${base}]` : base
}

/** Returns the name of the first constructor up the prototype chain; undefined for an object without a prototype. */
export function constructorNameOf(p: Primordials, value: object): string | undefined {
  let each: object | null = value
  for (let steps = 0; each !== null && steps < 100; steps++) {
    const constructor = p.ReflectGetOwnPropertyDescriptor(each, 'constructor')
    if (constructor && p.ObjectHasOwn(constructor, 'value') && typeof constructor.value === 'function') {
      const name = ownText(p, constructor.value as object, 'name')
      if (name) return name
    }
    each = p.ReflectGetPrototypeOf(each)
  }
  return p.ReflectGetPrototypeOf(value) === null ? undefined : 'Object'
}

function ownText(p: Primordials, value: object, key: string): string | undefined {
  const descriptor = p.ReflectGetOwnPropertyDescriptor(value, key)
  const text = descriptor && p.ObjectHasOwn(descriptor, 'value') ? (descriptor.value as unknown) : undefined
  return typeof text === 'string' ? text : undefined
}

function describeFunction(p: Primordials, value: object): string {
  const name = ownText(p, value, 'name')
  const source = p.functionToString(value)
  if (p.stringStartsWith(source, 'class') && p.stringEndsWith(source, '}')) {
    const parent = p.ReflectGetPrototypeOf(value)
    const parentName = parent && parent !== p.functionPrototype ? ownText(p, parent, 'name') : undefined
    return `[class ${name || '(anonymous)'}${parentName ? ` extends ${parentName}` : ''}]`
  }
  const kind = constructorNameOf(p, value) ?? 'Function'
  return name ? `[${kind}: ${name}]` : `[${kind} (anonymous)]`
}

function describeDate(p: Primordials, value: Date): string {
  return p.NumberIsNaN(p.dateGetTime(value)) ? 'Invalid Date' : p.dateToISOString(value)
}

/**
 * Returns the stack of an error, or its name and message if it has none. `stack` and `message` may be getters that
 * throw.
 */
function describeError(p: Primordials, error: Error): string {
  try {
    const { stack } = error
    if (typeof stack === 'string' && stack !== '') return stack
  } catch {
    // The error is shown without its stack.
  }
  try {
    return p.errorToString(error)
  } catch {
    return 'Error'
  }
}

/** Returns the first 50 bytes of a buffer in hexadecimal, and the number of those that follow. */
export function hexOf(p: Primordials, buffer: ArrayBuffer): string {
  const size = p.arrayBufferByteLength(buffer)
  const bytes = new p.Uint8Array(buffer, 0, size)
  let text = ''
  for (let index = 0; index < size && index < 50; index++) {
    text += `${index > 0 ? ' ' : ''}${p.stringPadStart(p.numberToString(bytes[index] as number, 16), 2, '0')}`
  }
  return `<${text}${size > 50 ? ` ... ${size - 50} more byte${size > 51 ? 's' : ''}` : ''}>`
}
