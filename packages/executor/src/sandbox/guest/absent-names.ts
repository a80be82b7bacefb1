/**
 * Returns hints for names that exist in other environments only and that language models use. The key `crypto.name`
 * stands for a property of `crypto`, `performance.name` for one of `performance`, and `.` for `__`. It is a function because most executions need no hints.
 */
export function absentNames(): Readonly<Record<string, string | undefined>> {
  const network = 'The sandbox has no network; call a tool instead: await tools.<name>(input).'
  const modules = "The sandbox has no modules; use JavaScript's builtins, Intl and URL, and call a tool for the rest."
  const exporting = 'The sandbox has no modules; end with `return value` instead of exporting it.'
  const files = 'The sandbox has no file system; read and write files with a tool, if there is one for it.'
  const host =
    'The sandbox shows nothing of its host; the values that the host passes are `input`, `context` and `config`.'
  const page = 'The sandbox is no browser and has no page; work with the data of `input` and of the tools.'
  const storage = 'The sandbox keeps nothing between executions; return the data, or keep it with a tool.'
  const bytes = 'The sandbox has no files and streams; use Uint8Array with TextEncoder and TextDecoder, or text.'
  const threads = 'The sandbox has one thread; use async functions and Promise.all.'
  const gone = 'The sandbox does not show when memory is collected; keep the object itself, or use a WeakMap.'
  const library = 'The sandbox has no libraries; write it in plain JavaScript.'
  const dates = 'The sandbox has no libraries; use Date, Intl.DateTimeFormat or Temporal.'
  const streams = 'The sandbox has no streams; keep the items in an array, or use an async generator.'
  const measuring =
    'The sandbox has only now and timeOrigin of performance; measure with performance.now() or console.time(label).'
  const crypto = 'The sandbox has only getRandomValues and randomUUID of crypto; for hashes and signatures call a tool.'
  return {
    __proto__: null,
    fetch: network,
    axios: network,
    got: network,
    superagent: network,
    http: network,
    https: network,
    XMLHttpRequest: network,
    WebSocket: network,
    EventSource: network,
    Headers: 'The sandbox has no network and no Headers; use an object for the fields, and call a tool to send it.',
    Request: network,
    Response: network,
    FormData: 'The sandbox has no FormData; use an object, or URLSearchParams for the fields of a form.',
    require: modules,
    module: exporting,
    exports: exporting,
    fs: files,
    '.dirname': files,
    '.filename': files,
    process: host,
    os: host,
    Deno: host,
    Bun: host,
    child_process: 'The sandbox starts no programs; call a tool instead: await tools.<name>(input).',
    global: 'The global object is globalThis.',
    Buffer: 'The sandbox has no Buffer; use Uint8Array, TextEncoder, TextDecoder, atob and btoa.',
    Blob: bytes,
    File: bytes,
    FileReader: bytes,
    ReadableStream: bytes,
    WritableStream: streams,
    TransformStream: streams,
    ReadableStreamDefaultReader: streams,
    WritableStreamDefaultWriter: streams,
    ByteLengthQueuingStrategy: streams,
    CountQueuingStrategy: streams,
    TextEncoderStream: 'The sandbox has no streams; use TextEncoder.',
    TextDecoderStream: 'The sandbox has no streams; use TextDecoder.',
    CompressionStream: 'The sandbox has no compression; for compressed data call a tool.',
    DecompressionStream: 'The sandbox has no compression; for compressed data call a tool.',
    QuotaExceededError: "The sandbox throws a DOMException for this; compare error.name with 'QuotaExceededError'.",
    MessageEvent: 'The sandbox has only the classes Event and CustomEvent of events; use CustomEvent with detail.',
    ErrorEvent: 'The sandbox has only the classes Event and CustomEvent of events; use CustomEvent with detail.',
    CloseEvent: 'The sandbox has only the classes Event and CustomEvent of events; use CustomEvent with detail.',
    URLPattern: 'The sandbox has no URLPattern; use URL and a regular expression.',
    PerformanceObserver: measuring,
    PerformanceEntry: measuring,
    PerformanceMark: measuring,
    PerformanceMeasure: measuring,
    setImmediate: 'The sandbox has no setImmediate; use setTimeout or queueMicrotask.',
    clearImmediate: 'The sandbox has no clearImmediate; use setTimeout and clearTimeout.',
    requestAnimationFrame: 'The sandbox has no page; use setTimeout or queueMicrotask.',
    window: page,
    document: page,
    navigator: page,
    DOMParser: page,
    alert: 'The sandbox has no page; use console.log, or return the text.',
    localStorage: storage,
    sessionStorage: storage,
    indexedDB: storage,
    Worker: threads,
    MessageChannel: threads,
    MessagePort: threads,
    BroadcastChannel: threads,
    SharedArrayBuffer: threads,
    Atomics: threads,
    WeakRef: gone,
    FinalizationRegistry: gone,
    WebAssembly: 'The sandbox runs JavaScript only; write it in plain JavaScript.',
    lodash: library,
    _: library,
    moment: dates,
    dayjs: dates,
    uuid: 'The sandbox has no libraries; use crypto.randomUUID().',
    uuidv4: 'The sandbox has no libraries; use crypto.randomUUID().',
    print: 'The function that prints is console.log.',
    None: 'The value for nothing is null.',
    True: 'The value is written true.',
    False: 'The value is written false.',
    CryptoKey: crypto,
    SubtleCrypto: crypto,
    'crypto.subtle': crypto,
    'performance.*': measuring,
    'crypto.randomBytes': 'The sandbox has no crypto.randomBytes; use crypto.getRandomValues(new Uint8Array(length)).',
    'crypto.randomInt': 'The sandbox has no crypto.randomInt; use Math.floor(Math.random() * max).',
  } as unknown as Readonly<Record<string, string | undefined>>
}
