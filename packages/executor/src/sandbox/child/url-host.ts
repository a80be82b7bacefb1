/**
 * Runs an operation of the guest's `URL` with Node's own parser. The guest calls it synchronously from inside the
 * isolate. It is a pure function of its arguments, so replay needs no record of it. The arguments come from the guest
 * and are hostile input.
 *
 * Operations, their JSON argument and their JSON answer, where `parts` are `URL`'s string properties:
 * - `parse` `[url, base?]` → `parts`
 * - `set` `[href, property, value]` → `parts`; a value that the property refuses changes nothing, except for `href`
 * - `parseQuery` `[query]` → `[name, value]` of each parameter
 * - `serialiseQuery` `[name, value, name, value, …]` → the query
 *
 * The answer to any failure is `{"error": message}`.
 */
export function urlHost(op: string, json: string): string {
  try {
    return JSON.stringify(runOperation(op, JSON.parse(json)))
  } catch (error) {
    return JSON.stringify({ error: error instanceof Error ? error.message : 'failed' })
  }
}

const parts = [
  'href',
  'origin',
  'protocol',
  'username',
  'password',
  'host',
  'hostname',
  'port',
  'pathname',
  'search',
  'hash',
] as const

type Part = (typeof parts)[number]

function runOperation(op: string, args: unknown): unknown {
  if (!isStrings(args)) throw new TypeError('arguments must be strings')
  const [first = '', second, third = ''] = args
  switch (op) {
    case 'parse':
      return read(new URL(first, second))
    case 'set': {
      const url = new URL(first)
      if (!isSettable(second)) throw new TypeError('no such property')
      url[second] = third
      return read(url)
    }
    case 'parseQuery':
      return [...new URLSearchParams(first)]
    case 'serialiseQuery': {
      const params = new URLSearchParams()
      for (let index = 0; index < args.length; index += 2) params.append(args[index] ?? '', args[index + 1] ?? '')
      return params.toString()
    }
    default:
      throw new TypeError('no such operation')
  }
}

function read(url: URL): Record<Part, string> {
  return Object.fromEntries(parts.map((part) => [part, url[part]])) as Record<Part, string>
}

function isSettable(name: string | undefined): name is Exclude<Part, 'origin'> {
  return name !== 'origin' && parts.some((part) => part === name)
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}
