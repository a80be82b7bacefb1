import type { Brand } from './brand.ts'
import { describeError } from './inspect-error.ts'
import { ownText, prefixOf, type Naming } from './inspect-prefix.ts'
import { showPrimitive } from './inspect-primitive.ts'
import type { Primordials } from './primordials.ts'

/**
 * Returns the text that stands for an object without properties of its own; empty for one that is shown by its
 * contents.
 */
export function baseOf(p: Primordials, value: object, brand: Brand | 'Function' | undefined, naming: Naming): string {
  switch (brand) {
    case 'Function':
      return describeFunction(p, value, naming)
    case 'Error':
      return describeError(p, value as Error, naming)
    case 'Date':
      return classPrefix(p, naming, 'Date') + describeDate(p, value as Date)
    case 'RegExp':
      return `${classPrefix(p, naming, 'RegExp')}/${p.regExpSource(value as RegExp)}/${p.regExpFlags(value as RegExp)}`
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
      return `${prefixOf(p, naming, brand)}{ <items unknown> }`
    default:
      return ''
  }
}

/** Returns the prefix of an object whose class is not the builtin one. */
function classPrefix(p: Primordials, naming: Naming, kind: string): string {
  return naming.name === kind && naming.tag === '' ? '' : prefixOf(p, naming, kind)
}

function describeFunction(p: Primordials, value: object, { name: kind, tag }: Naming): string {
  const name = ownText(p, value, 'name')
  const source = p.functionToString(value)
  const tagText = tag !== '' && tag !== kind ? ` [${tag}]` : ''
  if (p.stringStartsWith(source, 'class') && p.stringEndsWith(source, '}')) {
    const parent = p.ReflectGetPrototypeOf(value)
    const parentName = parent && parent !== p.functionPrototype ? ownText(p, parent, 'name') : undefined
    return `[class ${name || '(anonymous)'}${tagText}${parentName ? ` extends ${parentName}` : ''}]`
  }
  const type = kind !== undefined && p.stringEndsWith(kind, 'Function') ? kind : 'Function'
  const kindText = kind === undefined ? ' (null prototype)' : ''
  const classText = kind === undefined || kind === type ? '' : ` ${kind}`
  return `[${type}${kindText}${name ? `: ${name}` : ' (anonymous)'}]${classText}${tagText}`
}

function describeDate(p: Primordials, value: Date): string {
  return p.NumberIsNaN(p.dateGetTime(value)) ? 'Invalid Date' : p.dateToISOString(value)
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
