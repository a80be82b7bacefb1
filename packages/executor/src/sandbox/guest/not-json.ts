/** Reason why JSON can't hold a value, and what to write instead. */
export interface Refusal {
  /** Rest of a sentence that begins with the value's path: `is a Map, which JSON cannot hold`. */
  readonly reason: string
  readonly hint: string
}

/**
 * Mistake in a value that JSON can't hold: a value of a kind that it has no form for, a reference to an object that
 * contains it, to which `path` leads, or too deep a nesting.
 */
export type NotJson =
  | { readonly mistake: 'kind'; readonly kind: string }
  | { readonly mistake: 'cycle'; readonly path: string }
  | { readonly mistake: 'depth'; readonly limit: number }

/** Returns the refusal of a value that JSON can't hold. */
export function describeRefusal(found: NotJson): Refusal {
  switch (found.mistake) {
    case 'kind':
      return refusalOfKind(found.kind)
    case 'cycle':
      return refusalOfCycle(found.path)
    case 'depth':
      return {
        reason: `is nested too deeply: the limit is ${found.limit} levels of arrays and objects`,
        hint: 'Flatten it, for example to a list whose items refer to each other by id.',
      }
  }
}

function refusalOfCycle(path: string): Refusal {
  const target = path === '' ? 'the value itself' : path
  return {
    reason: `refers back to ${target}, which contains it: JSON cannot hold a cycle`,
    hint: 'Leave the reference out, or put an id in its place.',
  }
}

function refusalOfKind(kind: string): Refusal {
  const known = refusedKinds()[kind]
  return {
    reason: `is ${known === undefined ? withArticle(kind) : known[0]}, which JSON cannot hold`,
    hint: known === undefined ? 'Use the plain data that its methods and properties give.' : known[1],
  }
}

/** Returns names and hints of the refused kinds of values. The client has the same in `tools/not-json.ts`. */
function refusedKinds(): Readonly<Record<string, readonly [string, string] | undefined>> {
  const noContents = 'Its contents cannot be listed. Keep the data in an array or an object.'
  const iterator = ['an iterator', 'Use [...iterator].']
  const asyncIterator = ['an async iterator', 'Use await Array.fromAsync(iterator).']
  return {
    __proto__: null,
    function: ['a function', 'Call it, or leave it out.'],
    symbol: ['a symbol', 'Use symbol.description.'],
    BigInt: ['a BigInt', 'Use String(n), or Number(n) if it is small enough.'],
    Map: ['a Map', 'Use Object.fromEntries(map) or [...map].'],
    Set: ['a Set', 'Use [...set].'],
    WeakMap: ['a WeakMap', noContents],
    WeakSet: ['a WeakSet', noContents],
    WeakRef: ['a WeakRef', 'Use ref.deref().'],
    Promise: ['a Promise', 'Await it; for a list of promises, use await Promise.all(list).'],
    ArrayBuffer: ['an ArrayBuffer', 'Use Array.from(new Uint8Array(buffer)), or base64 text.'],
    SharedArrayBuffer: ['a SharedArrayBuffer', 'Use Array.from(new Uint8Array(buffer)), or base64 text.'],
    DataView: ['a DataView', 'Use Array.from(new Uint8Array(view.buffer)), or base64 text.'],
    TypedArray: ['a typed array', 'Use Array.from(array), or base64 text.'],
    RegExp: ['a RegExp', 'Use regexp.source.'],
    Segments: ['the segments of an Intl.Segmenter', 'Use [...segments].'],
    Iterator: iterator,
    Generator: iterator,
    AsyncGenerator: asyncIterator,
    Headers: ['a Headers object', 'Use Object.fromEntries(headers).'],
    URLSearchParams: ['a URLSearchParams object', 'Use Object.fromEntries(params) or String(params).'],
    FormData: ['a FormData object', 'Use Object.fromEntries(form).'],
    Response: ['a Response', 'Use await response.json() or await response.text().'],
    Request: ['a Request', 'Use await request.json() or await request.text().'],
    Blob: ['a Blob', 'Use await blob.text().'],
    File: ['a File', 'Use await file.text().'],
    ReadableStream: ['a ReadableStream', 'Read it first: await new Response(stream).text().'],
  } as unknown as ReturnType<typeof refusedKinds>
}

function withArticle(name: string): string {
  const first = name[0] ?? ''
  return `${first === 'A' || first === 'E' || first === 'I' || first === 'O' ? 'an' : 'a'} ${name}`
}
