// How much memory a finished execution keeps: an estimate that errs on the high side, since a bound hangs on it.

/** What each bracket and comma of a JSON text may stand for when it is parsed: an object, an element, a field. */
const parsedNodeBytes = 48

/** What a text takes. V8 keeps one byte for each character if all are of Latin-1; what is not ASCII is counted as two. */
export function heapBytesOf(text: string, utf8Bytes: number = Buffer.byteLength(text)): number {
  return utf8Bytes === text.length ? text.length : 2 * text.length
}

/** What the value of a JSON text takes: far more than the text, if it is mostly brackets. */
export function parsedBytesOf(json: string): number {
  return heapBytesOf(json) + parsedNodeBytes * (json.match(/[[{,]/g)?.length ?? 0)
}
