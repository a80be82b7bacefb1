import type { Primordials } from '../primordials.ts'

/** Returns the bytes of a buffer or a view, without copying them; undefined for anything else. */
export function bytesOf(p: Primordials, source: unknown): Uint8Array | undefined {
  if (!p.ArrayBufferIsView(source)) {
    try {
      return new p.Uint8Array(source as ArrayBuffer, 0, p.arrayBufferByteLength(source as ArrayBuffer))
    } catch {
      return undefined
    }
  }
  if (p.typedArrayTag(source) === undefined) {
    const view = source as DataView
    return new p.Uint8Array(p.dataViewBuffer(view), p.dataViewByteOffset(view), p.dataViewByteLength(view))
  }
  return new p.Uint8Array(p.typedArrayBuffer(source), p.typedArrayByteOffset(source), p.typedArrayByteLength(source))
}

/** Creates a builder that gathers a string of code points, in pieces that avoid both ropes and too many arguments. */
export function createTextBuilder(p: Primordials) {
  // Without a prototype, assigning an item calls no setter.
  const units: number[] = []
  p.ReflectSetPrototypeOf(units, null)
  let text = ''
  let count = 0
  return { add, finish }

  function add(codePoint: number): void {
    if (codePoint <= 0xffff) addUnit(codePoint)
    else {
      addUnit(0xd800 + ((codePoint - 0x10000) >> 10))
      addUnit(0xdc00 + ((codePoint - 0x10000) & 0x3ff))
    }
  }

  function addUnit(unit: number): void {
    units[count++] = unit
    if (count === 4096) flush()
  }

  function flush(): void {
    units.length = count
    text += p.ReflectApply(p.StringFromCharCode, undefined, units)
    count = 0
  }

  function finish(): string {
    flush()
    return text
  }
}
