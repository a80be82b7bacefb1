import { createArrayFunctions } from './array-functions.ts'
import { createRegExpFlags } from './regexp-flags.ts'
import { createUncurry, type Uncurry } from './uncurry.ts'

/**
 * Builtins as they are before user code runs. Everything in the guest runtime that executes after that point takes them
 * from here, since user code can replace any builtin, or a method of it, to change what the runtime does or to see what
 * it holds (prototype pollution). Methods are uncurried: `p.mapGet(map, key)` is `map.get(key)`.
 *
 * This object can't protect its callers from the following:
 * - `for…of`, spread in calls and arrays, and array destructuring look up `Symbol.iterator`: use index loops and
 *   `ReflectApply`;
 * - reading a property that an object lacks, or assigning one that it lacks, reaches its prototypes: use
 *   `ObjectCreate(null)` or `{ __proto__: null }` for dictionaries and descriptors, `arrayPush` for arrays;
 * - `promiseThen`, and `await`, read `constructor` of the promise, so its result may be anything and it may throw.
 *
 * Some methods are left out because they construct by species, that is, by a constructor that user code may choose:
 * slice and splice of arrays (`arraySlice` and `arrayRemove` replace them), `map`, `filter` and `concat`, `subarray`,
 * `ArrayBuffer.prototype.slice`. `split`, `replace` and `match` are left out because they call methods of the pattern.
 */
export type Primordials = ReturnType<typeof capturePrimordials>

// The functions below are members of an object that user code can't reach, so they need no receiver.
// oxlint-disable typescript/unbound-method
export function capturePrimordials() {
  const { bind } = Function.prototype
  const { apply, getOwnPropertyDescriptor, getPrototypeOf, defineProperty } = Reflect

  const { uncurry, getter } = createUncurry()
  const ofArray = uncurry as unknown as Uncurry<readonly unknown[]>
  const ofString = uncurry as unknown as Uncurry<string>
  const ofNumber = uncurry as unknown as Uncurry<number>
  const ofObject = uncurry as unknown as Uncurry<object>
  const ofDate = uncurry as unknown as Uncurry<Date>
  const { arrayPush, arraySlice, arrayRemove } = createArrayFunctions()

  const typedArray = getPrototypeOf(Uint8Array.prototype) as Uint8Array
  const iteratorNext = (iterable: Iterable<unknown>) =>
    uncurry((getPrototypeOf(iterable[Symbol.iterator]()) as Iterator<unknown>).next as never) as (
      iterator: object,
    ) => IteratorResult<unknown> & { readonly done: boolean }
  const arrayIterator = getPrototypeOf([][Symbol.iterator]()) as Iterator<unknown>

  // These are newer than the TypeScript library that tests are checked with.
  const { captureStackTrace, isError } = Error as unknown as {
    captureStackTrace: (target: object, above?: unknown) => void
    isError: (value: unknown) => value is Error
  }
  const { Segmenter } = Intl
  const { segment } = Segmenter.prototype
  const { fromBase64 } = Uint8Array as unknown as { fromBase64: (text: string) => Uint8Array }
  const { toBase64 } = Uint8Array.prototype as unknown as { toBase64: (this: never) => string }

  return {
    // Without a prototype, V8 makes this object a dictionary at once, which is twice as fast to build as 200 hidden
    // classes.
    __proto__: null,
    globalThis,
    uncurry,
    arrayPush,
    arraySlice,
    arrayRemove,

    // Constructors
    ArrayBuffer,
    AsyncFunction: (async () => {}).constructor as FunctionConstructor,
    BigInt,
    Boolean,
    DataView,
    Date,
    Error,
    EvalError,
    Function,
    Map,
    Number,
    Object,
    Promise,
    Proxy,
    RangeError,
    ReferenceError,
    RegExp,
    Set,
    String,
    Symbol,
    SyntaxError,
    TypeError,
    URIError,
    Uint8Array,
    Uint32Array,
    WeakMap,
    WeakSet,
    typedArrays: {
      __proto__: null,
      Int8Array,
      Uint8Array,
      Uint8ClampedArray,
      Int16Array,
      Uint16Array,
      Int32Array,
      Uint32Array,
      Float16Array,
      Float32Array,
      Float64Array,
      BigInt64Array,
      BigUint64Array,
    } as unknown as Record<string, typeof Uint8Array>,

    // Prototypes, to recognise objects and to inherit from
    errorPrototype: Error.prototype as object,
    functionPrototype: Function.prototype as object,
    iteratorPrototype: getPrototypeOf(arrayIterator) as object,
    mapPrototype: Map.prototype as object,
    objectPrototype: Object.prototype as object,
    promisePrototype: Promise.prototype as object,
    regExpPrototype: RegExp.prototype as object,
    /**
     * Returns the prototype of `Intl.Segments`, which no global names. It is made when needed, because that is slow.
     */
    segmentsPrototype: () => getPrototypeOf(apply(segment, new Segmenter('en'), [''])) as object,
    setPrototype: Set.prototype as object,
    typedArrayPrototype: typedArray as object,

    // Reflect, Object, Function
    ReflectApply: Reflect.apply,
    ReflectConstruct: Reflect.construct,
    ReflectDefineProperty: defineProperty,
    ReflectDeleteProperty: Reflect.deleteProperty,
    ReflectGet: Reflect.get,
    ReflectGetOwnPropertyDescriptor: getOwnPropertyDescriptor,
    ReflectGetPrototypeOf: getPrototypeOf,
    ReflectHas: Reflect.has,
    ReflectIsExtensible: Reflect.isExtensible,
    ReflectOwnKeys: Reflect.ownKeys,
    ReflectPreventExtensions: Reflect.preventExtensions,
    ReflectSet: Reflect.set,
    ReflectSetPrototypeOf: Reflect.setPrototypeOf,
    ObjectAssign: Object.assign as (target: object, source: object) => object,
    ObjectCreate: Object.create as (prototype: object | null) => object,
    ObjectFreeze: Object.freeze,
    ObjectHasOwn: Object.hasOwn,
    ObjectIs: Object.is,
    ObjectKeys: Object.keys,
    functionToString: ofObject(Function.prototype.toString),

    // JSON, Math, globals
    JSONParse: JSON.parse as (text: string) => unknown,
    JSONIsRawJSON: (JSON as unknown as { isRawJSON: (value: unknown) => boolean }).isRawJSON,
    JSONStringify: JSON.stringify as (
      value: unknown,
      replacer?: ((this: object, key: string, value: unknown) => unknown) | null,
      space?: string | number,
    ) => string | undefined,
    MathMax: Math.max,
    MathMin: Math.min,
    MathTrunc: Math.trunc,
    parseFloat,
    parseInt,

    // Primitives
    NumberIsFinite: Number.isFinite,
    NumberIsNaN: Number.isNaN,
    numberToString: ofNumber(Number.prototype.toString),
    numberValueOf: ofNumber(Number.prototype.valueOf) as (self: unknown) => number,
    booleanValueOf: uncurry(Boolean.prototype.valueOf as never) as (self: unknown) => boolean,
    bigIntToString: uncurry(BigInt.prototype.toString as never) as (self: bigint, radix?: number) => string,
    bigIntValueOf: uncurry(BigInt.prototype.valueOf as never) as (self: unknown) => bigint,
    symbolToString: uncurry(Symbol.prototype.toString as never) as (self: symbol) => string,
    symbolValueOf: uncurry(Symbol.prototype.valueOf as never) as (self: unknown) => symbol,
    SymbolIterator: Symbol.iterator,
    SymbolSpecies: Symbol.species,
    SymbolToStringTag: Symbol.toStringTag,

    // Strings
    StringFromCharCode: String.fromCharCode,
    StringFromCodePoint: String.fromCodePoint,
    stringCharCodeAt: ofString(String.prototype.charCodeAt),
    stringCodePointAt: ofString(String.prototype.codePointAt),
    stringEndsWith: ofString(String.prototype.endsWith),
    stringIncludes: ofString(String.prototype.includes),
    stringIndexOf: ofString(String.prototype.indexOf),
    stringPadEnd: ofString(String.prototype.padEnd),
    stringNormalize: ofString(String.prototype.normalize),
    stringPadStart: ofString(String.prototype.padStart),
    stringSlice: ofString(String.prototype.slice),
    stringStartsWith: ofString(String.prototype.startsWith),
    stringToLowerCase: ofString(String.prototype.toLowerCase),
    stringToWellFormed: ofString(String.prototype.toWellFormed),
    stringTrim: ofString(String.prototype.trim),
    stringValueOf: ofString(String.prototype.valueOf) as (self: unknown) => string,
    regExpExec: uncurry(RegExp.prototype.exec as never) as (self: RegExp, text: string) => RegExpExecArray | null,
    regExpFlags: createRegExpFlags(getter),
    regExpSource: getter<RegExp, string>(RegExp.prototype, 'source'),

    // Arrays
    ArrayIsArray: Array.isArray as (value: unknown) => value is unknown[],
    arrayIncludes: ofArray(Array.prototype.includes),
    arrayIndexOf: ofArray(Array.prototype.indexOf),
    arrayJoin: ofArray(Array.prototype.join),
    arrayPop: uncurry(Array.prototype.pop as never) as <Item>(self: Item[]) => Item | undefined,
    arrayShift: uncurry(Array.prototype.shift as never) as <Item>(self: Item[]) => Item | undefined,
    arraySort: uncurry(Array.prototype.sort as never) as <Item>(
      self: Item[],
      compare?: (a: Item, b: Item) => number,
    ) => Item[],

    // Keyed collections
    mapClear: uncurry(Map.prototype.clear as never) as (self: Map<unknown, unknown>) => void,
    mapDelete: uncurry(Map.prototype.delete as never) as <Key>(self: Map<Key, unknown>, key: Key) => boolean,
    mapForEach: uncurry(Map.prototype.forEach as never) as <Key, Value>(
      self: Map<Key, Value>,
      callback: (value: Value, key: Key) => void,
    ) => void,
    mapGet: uncurry(Map.prototype.get as never) as <Key, Value>(self: Map<Key, Value>, key: Key) => Value | undefined,
    mapHas: uncurry(Map.prototype.has as never) as <Key>(self: Map<Key, unknown>, key: Key) => boolean,
    mapSet: uncurry(Map.prototype.set as never) as <Key, Value>(self: Map<Key, Value>, key: Key, value: Value) => void,
    mapIteratorNext: iteratorNext(new Map()),
    mapSize: getter<Map<unknown, unknown>, number>(Map.prototype, 'size'),
    setAdd: uncurry(Set.prototype.add as never) as <Item>(self: Set<Item>, item: Item) => void,
    setDelete: uncurry(Set.prototype.delete as never) as <Item>(self: Set<Item>, item: Item) => boolean,
    setForEach: uncurry(Set.prototype.forEach as never) as <Item>(
      self: Set<Item>,
      callback: (item: Item) => void,
    ) => void,
    setHas: uncurry(Set.prototype.has as never) as <Item>(self: Set<Item>, item: Item) => boolean,
    setIteratorNext: iteratorNext(new Set()),
    setSize: getter<Set<unknown>, number>(Set.prototype, 'size'),
    weakMapGet: uncurry(WeakMap.prototype.get as never) as <Key extends WeakKey, Value>(
      self: WeakMap<Key, Value>,
      key: Key,
    ) => Value | undefined,
    weakMapHas: uncurry(WeakMap.prototype.has as never) as (self: WeakMap<WeakKey, unknown>, key: unknown) => boolean,
    weakMapSet: uncurry(WeakMap.prototype.set as never) as <Key extends WeakKey, Value>(
      self: WeakMap<Key, Value>,
      key: Key,
      value: Value,
    ) => void,
    weakSetAdd: uncurry(WeakSet.prototype.add as never) as (self: WeakSet<WeakKey>, value: WeakKey) => void,
    weakSetHas: uncurry(WeakSet.prototype.has as never) as (self: WeakSet<WeakKey>, key: unknown) => boolean,

    // Promises
    promiseThen: uncurry(Promise.prototype.then as never) as <Value>(
      self: Promise<Value>,
      fulfilled?: ((value: Value) => unknown) | null,
      rejected?: ((reason: unknown) => unknown) | null,
    ) => Promise<unknown>,
    promiseResolve: bind.call(Promise.resolve, Promise) as <Value>(value: Value) => Promise<Awaited<Value>>,
    promiseReject: bind.call(Promise.reject, Promise) as (reason: unknown) => Promise<never>,

    // Errors
    ErrorCaptureStackTrace: captureStackTrace,
    ErrorIsError: isError,
    errorToString: uncurry(Error.prototype.toString as never) as (self: unknown) => string,

    // Dates
    DateNow: Date.now,
    DateParse: Date.parse,
    DateUTC: Date.UTC,
    dateGetTime: ofDate(Date.prototype.getTime),
    dateToISOString: ofDate(Date.prototype.toISOString),
    dateToString: ofDate(Date.prototype.toString),

    // Binary data
    ArrayBufferIsView: ArrayBuffer.isView,
    arrayBufferByteLength: getter<ArrayBufferLike, number>(ArrayBuffer.prototype, 'byteLength'),
    arrayBufferDetached: getter<ArrayBufferLike, boolean>(ArrayBuffer.prototype, 'detached'),
    arrayBufferTransfer: uncurry(ArrayBuffer.prototype.transferToFixedLength as never) as (
      self: ArrayBuffer,
      byteLength?: number,
    ) => ArrayBuffer,
    Uint8ArrayFromBase64: fromBase64,
    uint8ArrayToBase64: uncurry(toBase64) as (self: Uint8Array) => string,
    typedArrayBuffer: getter<ArrayBufferView, ArrayBuffer>(typedArray, 'buffer'),
    typedArrayByteLength: getter<ArrayBufferView, number>(typedArray, 'byteLength'),
    typedArrayByteOffset: getter<ArrayBufferView, number>(typedArray, 'byteOffset'),
    typedArrayLength: getter<ArrayBufferView, number>(typedArray, 'length'),
    /** Returns the name of a typed array's type, or undefined for any other value. */
    typedArrayTag: getter<unknown, string | undefined>(typedArray, Symbol.toStringTag),
    typedArrayFill: uncurry(typedArray.fill as never) as <View>(
      self: View,
      value: number,
      start?: number,
      end?: number,
    ) => View,
    typedArraySet: uncurry(typedArray.set as never) as (
      self: ArrayBufferView,
      source: ArrayLike<number>,
      offset?: number,
    ) => void,
    dataViewBuffer: getter<DataView, ArrayBuffer>(DataView.prototype, 'buffer'),
    dataViewByteLength: getter<DataView, number>(DataView.prototype, 'byteLength'),
    dataViewByteOffset: getter<DataView, number>(DataView.prototype, 'byteOffset'),
  }
}
// oxlint-enable typescript/unbound-method
