import type { PreparedSource } from '../guest-boundary.ts'
import { absentNames } from './absent-names.ts'
import { nearNames } from './near-names.ts'
import type { Primordials } from './primordials.ts'
import type { ToolNames } from './tool-names.ts'
import { placeIn } from './stack-frames.ts'

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
export function createHints(p: Primordials, names: ToolNames, source: PreparedSource): HintOf {
  const body = source.ok ? source.body : ''

  return ({ name, message, stack }) => {
    if (name === 'ReferenceError') {
      const missing = p.regExpExec(/^([\p{ID_Start}_$][\p{ID_Continue}$]{0,127}) is not defined$/u, message)
      return missing === null ? undefined : ofMissingName(missing[1]!, lineOf(stack))
    }
    if (name !== 'TypeError') return undefined
    if (p.stringStartsWith(message, 'tools')) return ofTools(message)
    const property = p.regExpExec(
      /^(globalThis\.|crypto\.|performance\.|)([\p{ID_Start}_$][\p{ID_Continue}$]{0,127}) is not a (?:function|constructor)$/u,
      message,
    )
    if (property !== null) return ofProperty(property[1] ?? '', property[2]!)
    const read = p.regExpExec(/^Cannot read properties of undefined \(reading '([^']{1,128})'\)$/, message)
    return read === null ? undefined : ofRead(read[1]!, lineOf(stack))
  }

  function ofMissingName(missing: string, line: string): string | undefined {
    const tool = names.find(missing)
    if (tool !== undefined) return `Tools are called through tools: await tools.${tool}(input).`
    if (missing === 'codemode') {
      const called = p.regExpExec(/\bcodemode\.([\p{ID_Start}_$][\p{ID_Continue}$.]{0,255})/u, line)
      return `Tools are called through tools: await tools.<name>(input)${suggestion(called === null ? '' : called[1]!)}.`
    }
    const hint = absentNames()[p.stringStartsWith(missing, '__') ? `.${p.stringSlice(missing, 2)}` : missing]
    if (hint !== undefined) return hint
    if (!p.stringIncludes(line, `${missing}(`)) return undefined
    const near = nearNames(p, missing, names.all)
    return near.length === 0 ? undefined : `Tools are called through tools, and ${meant(near)}.`
  }

  /** Explains a TypeError whose message begins with an expression on `tools`. */
  function ofTools(message: string): string | undefined {
    if (p.stringStartsWith(message, 'tools[')) return `There is no tool of this name (${listed()}).`
    const called = p.regExpExec(/^tools(?:\.([^\s(]{1,256}))?(?: is not|\(\.\.\.\))/, message)
    if (called === null) return undefined
    const path = called[1]
    if (path === undefined) return `tools is an object of functions: await tools.<name>(input)${suggestion('')}.`
    const known = names.find(path)
    if (known === undefined) return noTool(path)
    return names.isTool(known)
      ? `tools.${path}(…) returns a promise, so await it first: (await tools.${path}(input)).`
      : `tools.${path} is a namespace (${listed(`${known}.`)}).`
  }

  /** Explains the call of a property, or of a variable, that is no function. */
  function ofProperty(object: string, property: string): string | undefined {
    if (object === 'globalThis.') return absentNames()[property]
    if (object === 'crypto.') return absentNames()[`crypto.${property}`] ?? absentNames()['crypto.subtle']
    if (object === 'performance.') return absentNames()['performance.*']
    const isDestructured = object === '' && p.regExpExec(/\}\s?=\s?(?:await\s)?tools\b/, body) !== null
    return isDestructured && names.find(property) === undefined ? noTool(property) : undefined
  }

  function ofRead(property: string, line: string): string | undefined {
    if (p.stringIncludes(line, `crypto.subtle.${property}`)) return absentNames()['crypto.subtle']
    const called = p.regExpExec(/\btools\.([\p{ID_Start}_$][\p{ID_Continue}$.]{0,255})/u, line)
    if (called === null) return undefined
    const path = called[1]!
    if (!p.stringEndsWith(path, `.${property}`)) return undefined
    const object = p.stringSlice(path, 0, path.length - property.length - 1)
    return names.find(object) === undefined ? noTool(path) : undefined
  }

  function noTool(path: string): string {
    return `There is no tool ${path}${suggestion(path)}.`
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
    const { line } = placeIn(p, stack)
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
