// Estimates of the memory that an ended execution retains. They err on the high side, because they enforce a bound.

/**
 * Bytes of memory counted for each bracket and comma of a parsed JSON text, which may stand for an object, an element
 * or a field.
 */
const parsedNodeBytes = 48

/**
 * Returns the bytes of memory that a text takes. V8 stores one byte per character if all are Latin-1; for any text that
 * is not ASCII, two are counted.
 */
export function heapBytesOf(text: string, utf8Bytes: number = Buffer.byteLength(text)): number {
  return utf8Bytes === text.length ? text.length : 2 * text.length
}

const [comma, bracket, brace] = [0x2c, 0x5b, 0x7b]

/**
 * Returns the bytes of memory that the value of a JSON text takes: far more than the text if that is mostly brackets.
 */
export function parsedBytesOf(json: string): number {
  let nodes = 0
  for (let i = 0; i < json.length; i++) {
    const unit = json.charCodeAt(i)
    if (unit === comma || unit === bracket || unit === brace) nodes += 1
  }
  return heapBytesOf(json) + parsedNodeBytes * nodes
}
