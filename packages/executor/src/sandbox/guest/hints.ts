import type { PreparedSource } from '../guest-boundary.ts'
import { absentMethod, absentNames, calledThroughTools } from './absent-names.ts'
import { nearNames } from './near-names.ts'
import type { Primordials } from './primordials.ts'
import type { ToolNames } from './tool-names.ts'
import { placeIn } from './stack-frames.ts'
import { isTakenFrom, originOf, usedVariable } from './variable-origins.ts'

/** Texts of an error that the code did not catch. */
interface UncaughtError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
}

/** Function that returns one sentence on the likely correction of an error; undefined if there is no likely one. */
export type HintOf = (error: UncaughtError) => string | undefined

const maxListed = 20

/**
 * Creates the function that explains errors of names that do not exist, from the tools and the code of an execution.
 * Its patterns are made when they are used: V8 builds their classes in each isolate.
 */
export function createHints(
  p: Primordials,
  names: ToolNames,
  { source, sourceName }: { readonly source: PreparedSource; readonly sourceName: string },
): HintOf {
  const body = source.ok ? source.body : ''

  return ({ name, message, stack }) => {
    if (name === 'ReferenceError') {
      const missing = p.regExpExec(/^([\p{ID_Start}_$][\p{ID_Continue}$]{0,127}) is not defined$/u, message)
      return missing === null ? undefined : ofMissingName(missing[1]!, lineOf(stack))
    }
    if (name === 'SyntaxError' && message === '"[object Object]" is not valid JSON')
      return 'The value is an object already, so JSON.parse is not needed.'
    if (name !== 'TypeError') return undefined
    if (p.stringStartsWith(message, 'tools')) return ofTools(message)
    const promise = ofPromise(message, lineOf(stack))
    if (promise !== undefined) return promise
    const method = p.regExpExec(/\.(\w{3,32}) is not a function$/, message)
    const habit = method === null ? undefined : absentMethod(method[1]!)
    if (habit !== undefined) return habit
    if (p.stringStartsWith(message, 'object is not iterable') && stack !== undefined) {
      const called = p.regExpExec(/\n    at Promise\.(all|allSettled|race|any) /, stack)
      if (called !== null) return `Promise.${called[1]} takes one array: Promise.${called[1]}([first, second]).`
    }
    const property = p.regExpExec(
      /^([\p{ID_Start}_$][\p{ID_Continue}$]{0,127}\.|)([\p{ID_Start}_$][\p{ID_Continue}$.]{0,255}) is not (?:a function|a constructor|iterable)/u,
      message,
    )
    if (property !== null) return ofProperty(property[1] ?? '', property[2]!, lineOf(stack))
    const read = p.regExpExec(/^Cannot read properties of undefined \(reading '([^']{1,128})'\)$/, message)
    return read === null ? undefined : ofRead(read[1]!, lineOf(stack))
  }

  function ofMissingName(missing: string, line: string): string | undefined {
    const tool = names.find(missing)
    if (tool !== undefined) return ofToolWithoutTools(tool, pathBehind(`${missing}.`, line))
    const dashed = p.regExpExec(/\btools\.([\p{ID_Start}_$][\p{ID_Continue}$.-]{0,255})/u, line)
    const meantByDash = dashed !== null && p.stringIncludes(dashed[1]!, '-') ? names.find(dashed[1]!) : undefined
    if (meantByDash !== undefined) return `A name with - is written with _: await tools.${meantByDash}(input).`
    const path = pathBehind(`${missing}.`, line)
    if (missing === 'codemode') return `Tools are called through tools: await tools.<name>(input)${suggestion(path)}.`
    const isCalled = p.stringIncludes(line, `${missing}(`)
    const hint =
      absentNames()[p.stringStartsWith(missing, '__') ? `.${p.stringSlice(missing, 2)}` : missing] ??
      absentNames()[isCalled ? `${missing}(` : `${missing}.${path}`]
    if (hint !== undefined && hint !== calledThroughTools) return hint
    const method = names.find(path)
    if (method !== undefined && names.isTool(method)) return callOf(method)
    if (hint !== undefined || !isCalled) return hint
    const near = nearNames(p, missing, names.all)
    return near.length === 0 ? undefined : `Tools are called through tools, and ${meant(near)}.`
  }

  /** Explains a tool, or a namespace and the path behind it, that the code uses as a global. */
  function ofToolWithoutTools(tool: string, pathBehindTool: string): string {
    const path = names.isTool(tool) ? tool : names.find(`${tool}.${pathBehindTool}`)
    return path !== undefined && names.isTool(path)
      ? callOf(path)
      : `Tools are called through tools: await tools.${tool}.<name>(input) (${listed(`${tool}.`)}).`
  }

  /** Explains a variable that holds a promise and is used as if it held the value of the promise. */
  function ofPromise(message: string, line: string): string | undefined {
    const variable = usedVariable(p, message, line)
    const origin = variable === undefined ? undefined : originOf(p, body, variable)
    if (!origin?.isCalled || p.stringIncludes(body, `await ${variable}`)) return undefined
    const { object, path } = origin
    if (object === 'Promise')
      return `${variable} is a promise, so await it first: ${variable} = await Promise.${path}(…).`
    const known = names.find(path)
    return known !== undefined && names.isTool(known)
      ? `${variable} is the promise of tools.${path}(…), so await it first: ${variable} = await tools.${path}(input).`
      : undefined
  }

  /** Explains a TypeError whose message begins with an expression on `tools`. */
  function ofTools(message: string): string | undefined {
    if (p.stringStartsWith(message, 'tools[')) return `There is no tool of this name (${listed()}).${searching()}`
    const called = p.regExpExec(/^tools(?:\.([^\s(]{1,256}))?(?: is not|\(\.\.\.\))/, message)
    if (called === null) return undefined
    const path = called[1]
    if (path === undefined) return `tools is an object of functions: await tools.<name>(input)${suggestion('')}.`
    const known = names.find(path)
    if (known === undefined) return noTool(path)
    if (p.stringEndsWith(message, ' is not a constructor'))
      return `Call a tool without new: await tools.${path}(input).`
    return names.isTool(known)
      ? `tools.${path}(…) returns a promise, so await it first: (await tools.${path}(input)).`
      : `tools.${path} is a namespace (${listed(`${known}.`)}).`
  }

  /** Explains the use of a property, or of a variable, that is no function or is not iterable. */
  function ofProperty(object: string, property: string, line: string): string | undefined {
    if (object === 'globalThis.') return absentNames()[property]
    if (object === 'crypto.') return ofCrypto(property)
    if (object === 'performance.') return absentNames()['performance.*']
    if (object !== '') return ofVariable(p.stringSlice(object, 0, object.length - 1), property)
    if (property === 'undefined') return ofTool(line)
    if (isTakenFrom(p, body, 'crypto', property)) return ofCrypto(property)
    if (isTakenFrom(p, body, 'tools', property))
      return names.find(property) === undefined ? noTool(property) : undefined
    return ofVariable(property, undefined)
  }

  /** Explains the use of a variable that holds `tools`, or a tool that does not exist. */
  function ofVariable(variable: string, property: string | undefined): string | undefined {
    const origin = originOf(p, body, variable)
    if (origin === undefined || origin.object !== 'tools' || origin.isCalled) return undefined
    const path = origin.path === '' ? property : property === undefined ? origin.path : undefined
    return path === undefined || names.find(path) !== undefined ? undefined : noTool(path)
  }

  function ofRead(property: string, line: string): string | undefined {
    if (p.stringIncludes(line, `crypto.subtle.${property}`)) return absentNames()['crypto.subtle']
    if (p.stringIncludes(line, `subtle.${property}`) && isTakenFrom(p, body, 'crypto', 'subtle'))
      return ofCrypto('subtle')
    const global = p.regExpExec(/\bglobalThis\.([\p{ID_Start}_$][\p{ID_Continue}$]{0,127})\./u, line)
    if (global !== null && p.stringIncludes(line, `${global[0]}${property}`)) return absentNames()[global[1]!]
    const quoted = p.regExpExec(/\btools\[(["'`])([^"'`]{1,128})\1\]/, line)
    if (quoted !== null && names.find(quoted[2]!) === undefined) return noTool(quoted[2]!)
    const path = pathBehind('tools.', line)
    if (path !== '' && p.stringIncludes(line, `.tools.${path}`) && names.find(path) !== undefined)
      return `tools is a global: await tools.${path}(input).`
    if (!p.stringEndsWith(path, `.${property}`)) return undefined
    const object = p.stringSlice(path, 0, path.length - property.length - 1)
    return names.find(object) === undefined ? noTool(path) : undefined
  }

  /** Explains the tool that a line names and that does not exist. */
  function ofTool(line: string): string | undefined {
    const path = pathBehind('tools.', line)
    return path === '' || names.find(path) !== undefined ? undefined : noTool(path)
  }

  /** Returns the names, joined by dots, behind the first occurrence of a text in a line; empty if there are none. */
  function pathBehind(start: string, line: string): string {
    const at = p.stringIndexOf(line, start)
    if (at === -1) return ''
    const path = p.regExpExec(/^[\p{ID_Start}_$][\p{ID_Continue}$.]{0,255}/u, p.stringSlice(line, at + start.length))
    return path === null ? '' : path[0]
  }

  function noTool(path: string): string {
    return `There is no tool ${path}${suggestion(path)}.${searching()}`
  }

  /** Returns the sentence that says how the code finds tools; empty if the execution has no built-in tools for it. */
  function searching(): string {
    return names.isTool('$search') ? " await tools.$search('words') finds tools." : ''
  }

  /** Returns the end of a sentence with the tools that are near a wrong name, and the list of all. */
  function suggestion(wrong: string): string {
    const near = nearNames(p, wrong, names.all)
    return near.length === 0 ? ` (${listed()})` : `; ${meant(near)} (${listed()})`
  }

  function meant(near: readonly string[]): string {
    return `tools.${p.arrayJoin(near, ' or tools.')} may be meant`
  }

  function listed(prefix = ''): string {
    const list: string[] = []
    for (let i = 0; i < names.all.length; i++) {
      if (p.stringStartsWith(names.all[i]!, prefix)) p.arrayPush(list, names.all[i]!)
    }
    if (list.length === 0) return 'this execution has no tools'
    const more = list.length > maxListed ? `, and ${list.length - maxListed} more` : ''
    return `the tools are ${p.arrayJoin(p.arraySlice(list, 0, maxListed), ', ')}${more}`
  }

  /** Returns the line of the code at which an error was made; empty if it is not known. */
  function lineOf(stack: string | undefined): string {
    const { line } = placeIn(p, stack, sourceName)
    if (line === undefined) return ''
    let start = 0
    for (let i = 1; i < line; i++) {
      const end = p.stringIndexOf(body, '\n', start)
      if (end === -1) return ''
      start = end + 1
    }
    const end = p.stringIndexOf(body, '\n', start)
    return p.stringSlice(body, start, end === -1 ? body.length : end)
  }
}

function callOf(tool: string): string {
  return `Tools are called through tools: await tools.${tool}(input).`
}

function ofCrypto(property: string): string | undefined {
  return absentNames()[`crypto.${property}`] ?? absentNames()['crypto.subtle']
}
