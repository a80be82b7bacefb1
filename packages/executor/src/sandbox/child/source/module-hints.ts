const network = 'The sandbox has no network; call a tool instead: await tools.<name>(input).'
const dates = 'Remove the import, and use Date, Intl.DateTimeFormat or Temporal.'
const plain = 'Remove the import, and write what you need of it in plain JavaScript.'
const tools = 'Remove the import: tools is a global, and a tool is called as await tools.<name>(input).'
const host = 'Remove the import: the sandbox shows nothing of its host. Data is in input, context and config.'

/** Hints for modules that language models import, by patterns of their names. */
const hints: readonly (readonly [RegExp, string])[] = [
  [/^timers(?:\/promises)?$/, 'Remove the import: await sleep(ms), setTimeout and setInterval are globals.'],
  [/^(?:axios|got|ky|undici|superagent|request|ws|openai|https?|http2|net|tls|dns)$|fetch/, network],
  [
    /^fs(?:\/promises)?$|^fs-extra$|^path$/,
    'The sandbox has no files: read and write them with a tool, if there is one for it.',
  ],
  [
    /^crypto$/,
    'Remove the import: crypto.randomUUID() and crypto.getRandomValues() are globals. For hashes call a tool.',
  ],
  [/^(?:uuid|nanoid)$/, 'Remove the import, and use crypto.randomUUID().'],
  [/^(?:moment|moment-timezone|dayjs|luxon|date-fns)\b/, dates],
  [
    /^(?:url|buffer|util|events|assert|perf_hooks)\b/,
    'Remove the import: URL, TextEncoder, TextDecoder, atob, btoa, EventTarget and performance are globals.',
  ],
  [/^(?:os|process|child_process|worker_threads)$/, host],
  [/^(?:\.{0,2}\/|@\/)|codemode|^(?:mcp|tools?)$|modelcontextprotocol/, tools],
]

/** Returns the hint at an import or a re-export whose text begins the code. */
export function moduleHint(code: string): string {
  const text = code.slice(0, 2_000)
  if (/^import\.meta\b/.test(text)) return 'The code has no file and no URL: leave out import.meta.'
  const [, static_, called] =
    /^(?:import|export)\b[^'"`;()]*?['"]([^'"\n]+)['"]|^import\s*\(\s*['"`]([^'"`\n]+)['"`]/.exec(text) ?? []
  const name = (static_ ?? called)?.replace(/^node:/, '')
  if (name === undefined)
    return 'Use the globals of the sandbox and the tools instead of a module, and end with the value.'
  return hints.find(([pattern]) => pattern.test(name))?.[1] ?? plain
}
