import type { Primordials } from './primordials.ts'

/** Builtin class that an object can be an instance of. */
export type Brand =
  | 'Array'
  | 'ArrayBuffer'
  | 'BigInt'
  | 'Boolean'
  | 'DataView'
  | 'Date'
  | 'Error'
  | 'Map'
  | 'Number'
  | 'Promise'
  | 'RegExp'
  | 'Set'
  | 'String'
  | 'Symbol'
  | 'TypedArray'
  | 'WeakMap'
  | 'WeakSet'

/**
 * Returns the builtin class that an object is an instance of, whatever its properties and prototypes claim; undefined
 * for other objects. It runs no user code, except for a proxy's traps: it takes the first builtin prototype of the
 * object and checks that the object really is an instance. (Promises can't be checked without side effects, and an
 * object that has another builtin's prototype counts as a plain object.)
 */
export function brandOf(p: Primordials, value: object): Brand | undefined {
  if (p.ArrayIsArray(value)) return 'Array'
  if (p.ErrorIsError(value)) return 'Error'
  if (p.ArrayBufferIsView(value)) return p.typedArrayTag(value) === undefined ? 'DataView' : 'TypedArray'
  let prototype: object | null = p.ReflectGetPrototypeOf(value)
  for (let steps = 0; prototype !== null && prototype !== p.objectPrototype && steps < 100; steps++) {
    const brand = brandOfPrototype(p, prototype)
    if (brand !== undefined) return hasBrand(p, value, brand) ? brand : undefined
    prototype = p.ReflectGetPrototypeOf(prototype)
  }
  return undefined
}

/**
 * Returns the class of a builtin prototype. A builtin constructor's `prototype` can't be replaced, so it can be read
 * now.
 */
function brandOfPrototype(p: Primordials, prototype: object): Brand | undefined {
  switch (prototype) {
    case p.Map.prototype:
      return 'Map'
    case p.Set.prototype:
      return 'Set'
    case p.Date.prototype:
      return 'Date'
    case p.RegExp.prototype:
      return 'RegExp'
    case p.Promise.prototype:
      return 'Promise'
    case p.ArrayBuffer.prototype:
      return 'ArrayBuffer'
    case p.WeakMap.prototype:
      return 'WeakMap'
    case p.WeakSet.prototype:
      return 'WeakSet'
    case p.Number.prototype:
      return 'Number'
    case p.String.prototype:
      return 'String'
    case p.Boolean.prototype:
      return 'Boolean'
    case p.BigInt.prototype:
      return 'BigInt'
    case p.Symbol.prototype:
      return 'Symbol'
    default:
      return undefined
  }
}

function hasBrand(p: Primordials, value: object, brand: Brand): boolean {
  const self = value as never
  try {
    if (brand === 'Map') p.mapSize(self)
    else if (brand === 'Set') p.setSize(self)
    else if (brand === 'Date') p.dateGetTime(self)
    else if (brand === 'RegExp') p.regExpSource(self)
    else if (brand === 'ArrayBuffer') p.arrayBufferByteLength(self)
    else if (brand === 'WeakMap') p.weakMapHas(self, self)
    else if (brand === 'WeakSet') p.weakSetHas(self, self)
    else if (brand === 'Number') p.numberValueOf(self)
    else if (brand === 'String') p.stringValueOf(self)
    else if (brand === 'Boolean') p.booleanValueOf(self)
    else if (brand === 'BigInt') p.bigIntValueOf(self)
    else if (brand === 'Symbol') p.symbolValueOf(self)
    return true
  } catch {
    return false
  }
}
