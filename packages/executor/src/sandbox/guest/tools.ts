import { defineGlobal } from './define.ts'
import type { Ending } from './ending.ts'
import { serialise, type Serialised } from './json.ts'
import type { Primordials } from './primordials.ts'
import { assertNotEnded, type RuntimeState } from './state.ts'
import { installToolError } from './tool-error.ts'
import { createToolsObject } from './tools-object.ts'
import { isLongerThan, utf8Length } from './utf8.ts'

interface OpenCall {
  readonly tool: string
  readonly resolve: (output: unknown) => void
  readonly reject: (error: unknown) => void
  readonly stackHolder: object
}

interface Tools {
  /** Settles an open call; `text` is the output or the failure as JSON. */
  settle(call: number, ok: boolean, text: string): void
  /** Returns the open calls, each as `name (#number)`. */
  openCalls(): string[]
}

/**
 * Installs the global `tools` and keeps the table of the promises that it returned. A call takes its number before it
 * is checked, and an invalid call rejects its promise instead of throwing.
 */
export function installTools(p: Primordials, state: RuntimeState, names: readonly string[], ending: Ending): Tools {
  const allowed = new p.Set<string>()
  for (let i = 0; i < names.length; i++) p.setAdd(allowed, names[i]!)
  const makeToolError = installToolError(p)
  const open = new p.Map<number, OpenCall>()
  let calls = 0
  let inputBytes = 0

  function call(tool: string, args: readonly unknown[]): Promise<unknown> {
    assertNotEnded(p, state)
    const stackHolder = { __proto__: null }
    p.ErrorCaptureStackTrace(stackHolder)
    return new p.Promise((resolve, reject) => {
      const refuse = (code: string, message: string, data?: unknown): void =>
        reject(makeToolError({ tool, call: undefined, stackHolder }, { code, message, data }))
      let input: Serialised | undefined
      let thrown: unknown
      try {
        input = serialise(p, args.length === 0 ? { __proto__: null } : args[0])
      } catch (error) {
        thrown = error
      }
      // The number is taken only now: getters of the input may have called tools, and those calls have been sent.
      const number = ++calls
      if (number > state.limits.maxToolCalls) failTooManyCalls()
      else if (!p.setHas(allowed, tool)) refuse('TOOL_NOT_ALLOWED', notAllowed(tool))
      else if (input === undefined) reject(thrown)
      else if (!input.ok) {
        const { path, reason, hint } = input
        refuse('TOOL_INPUT_INVALID', `The input of ${tool} can not be sent: input${path} ${reason}. ${hint}`, {
          path,
          hint,
        })
      } else if (isLongerThan(p, input.text, state.limits.toolInputBytes)) {
        const sizeBytes = utf8Length(p, input.text)
        const limitBytes = state.limits.toolInputBytes
        refuse(
          'TOOL_INPUT_TOO_LARGE',
          `The input of ${tool} has ${sizeBytes} bytes as JSON; the limit is ${limitBytes} (toolInputBytes). ` +
            'Send less, or pass a reference.',
          { sizeBytes, limitBytes },
        )
      } else send(number, input.text, { tool, resolve, reject, stackHolder })
    })
  }

  function send(number: number, input: string, openCall: OpenCall): void {
    if (state.ended) return
    inputBytes += input.length
    if (inputBytes > state.limits.journalBytes) {
      failJournalTooLarge()
      return
    }
    p.mapSet(open, number, openCall)
    state.emit('call', number, openCall.tool, input)
  }

  function failTooManyCalls(): void {
    const limit = state.limits.maxToolCalls
    ending.fail(
      'TOO_MANY_TOOL_CALLS',
      'Error',
      `The code made more than ${limit} tool calls, which is the limit (maxToolCalls). Make fewer calls.`,
      { details: { limit, option: 'maxToolCalls' }, stack: undefined, hint: undefined },
    )
  }

  function failJournalTooLarge(): void {
    const limitBytes = state.limits.journalBytes
    ending.fail(
      'JOURNAL_TOO_LARGE',
      'RangeError',
      `The inputs of all tool calls exceed the limit of the journal, ${limitBytes} bytes. Send less, or pass references.`,
      { details: { limitBytes }, stack: undefined, hint: undefined },
    )
  }

  function notAllowed(tool: string): string {
    const listed = p.arrayJoin(p.arraySlice(names, 0, 20), ', ')
    const available = names.length === 0 ? 'No tools are available' : `Available: ${listed}`
    return `There is no tool ${tool} in this execution. ${available}${names.length > 20 ? ', …' : ''}`
  }

  defineGlobal(p, 'tools', createToolsObject(p, names, call))
  return {
    settle(number, ok, text) {
      const openCall = p.mapGet(open, number)
      if (openCall === undefined) return
      p.mapDelete(open, number)
      const content = p.JSONParse(text)
      if (ok) openCall.resolve(content)
      else {
        const { tool, stackHolder } = openCall
        openCall.reject(makeToolError({ tool, call: number, stackHolder }, content as { message: string }))
      }
    },
    openCalls() {
      const list: string[] = []
      p.mapForEach(open, (openCall, number) => p.arrayPush(list, `${openCall.tool} (#${number})`))
      return list
    },
  }
}
