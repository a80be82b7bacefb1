/** Hint at names by which language models call tools. */
export const calledThroughTools = 'Tools are called through tools: await tools.<name>(input).'

/**
 * Returns hints for names that exist in other environments only and that language models use. The key `object.name`
 * stands for a property, `object.*` for any property, `name(` for a call, and `.` for `__`. It is a function because most
 * executions need no hints.
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
  const bytes = 'The sandbox has no files; use Uint8Array with TextEncoder and TextDecoder, or text.'
  const threads = 'The sandbox has one thread; use async functions and Promise.all.'
  const gone = 'The sandbox does not show when memory is collected; keep the object itself, or use a WeakMap.'
  const library = 'The sandbox has no libraries; write it in plain JavaScript.'
  const dates = 'The sandbox has no libraries; use Date, Intl.DateTimeFormat or Temporal.'
  const streams = 'The sandbox has no streams; keep the items in an array, or use an async generator.'
  const measuring =
    'The sandbox has only now and timeOrigin of performance; measure with performance.now() or console.time(label).'
  const crypto = 'The sandbox has only getRandomValues and randomUUID of crypto; for hashes and signatures call a tool.'
  const inputs = 'The data that the host passes is in `input`, `context` and `config`.'
  const calling = calledThroughTools
  const label = 'The name of the language is no part of the program: leave it out.'
  return {
    __proto__: null,
    params: inputs,
    args: inputs,
    inputs,
    argv: inputs,
    ctx: inputs,
    env: inputs,
    callTool: calling,
    call_tool: calling,
    useTool: calling,
    runTool: calling,
    invokeTool: calling,
    executeTool: calling,
    mcp: calling,
    functions: calling,
    tool: calling,
    Tools: calling,
    javascript: label,
    js: label,
    typescript: label,
    ts: label,
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
    ReadableStream: streams,
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
    Image: page,
    requestIdleCallback: 'The sandbox has no page; use setTimeout or queueMicrotask.',
    'prompt(': 'The sandbox asks nobody; the values that the host passes are `input`, `context` and `config`.',
    'confirm(': 'The sandbox asks nobody; the values that the host passes are `input`, `context` and `config`.',
    'readline(': 'The sandbox asks nobody; the values that the host passes are `input`, `context` and `config`.',
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
    jQuery: library,
    cheerio: library,
    zod: library,
    Joi: library,
    assert: 'The sandbox has no assert; use console.assert, or throw an Error.',
    reportError: 'The sandbox has no reportError; use console.error, or throw the error.',
    moment: dates,
    dayjs: dates,
    uuid: 'The sandbox has no libraries; use crypto.randomUUID().',
    uuidv4: 'The sandbox has no libraries; use crypto.randomUUID().',
    print: 'The function that prints is console.log.',
    logger: 'The function that prints is console.log.',
    printf: 'The function that prints is console.log.',
    'len(': 'The length of a list or a text is its property length.',
    'range(': 'There is no range; use Array.from({ length }, (_, i) => i).',
    'str(': 'The function that makes a text is String.',
    None: 'The value for nothing is null.',
    nil: 'The value for nothing is null.',
    NULL: 'The value for nothing is null.',
    True: 'The value is written true.',
    False: 'The value is written false.',
    'log(': 'The function that prints is console.log.',
    '$(': library,
    'z.object': library,
    'z.string': library,
    'React.createElement': library,
    'path.join': library,
    'path.resolve': library,
    'path.basename': library,
    'util.inspect': 'The sandbox has no util; use console.log, which shows values as Node does.',
    'self.fetch': network,
    'location.href': page,
    CryptoKey: crypto,
    SubtleCrypto: crypto,
    'crypto.subtle': crypto,
    'performance.*': measuring,
    'crypto.randomBytes': 'The sandbox has no crypto.randomBytes; use crypto.getRandomValues(new Uint8Array(length)).',
    'crypto.randomInt': 'The sandbox has no crypto.randomInt; use Math.floor(Math.random() * max).',
  } as unknown as Readonly<Record<string, string | undefined>>
}

/** Returns the hint at a method that values of JSON do not have. */
export function absentMethod(name: string): string | undefined {
  const date = 'A date in JSON is text. Make a Date of it: new Date(text).'
  const response = 'A tool returns its output and no Response: use the output itself.'
  const methods = {
    __proto__: null,
    getTime: date,
    getFullYear: date,
    getMonth: date,
    getDate: date,
    getDay: date,
    getHours: date,
    toISOString: date,
    toLocaleDateString: date,
    toLocaleTimeString: date,
    json: response,
    text: response,
  } as unknown as Readonly<Record<string, string | undefined>>
  return methods[name]
}
