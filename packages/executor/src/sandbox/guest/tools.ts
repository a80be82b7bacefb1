import type { Ending } from './ending.ts'
import type { Primordials } from './primordials.ts'
import type { PromiseWatch } from './promise-watch.ts'
import { assertNotEnded, type RuntimeState } from './state.ts'
import { installToolError, type MakeToolError } from './tool-error.ts'
import { readInput, type ToolInput } from './tool-input.ts'
import type { ToolNames } from './tool-names.ts'
import { createToolsObject, defineTools } from './tools-object.ts'
import type { TrackedCall } from './tool-warnings.ts'

type Settle = (value: unknown) => void

interface OpenCall {
  readonly record: TrackedCall
  readonly resolve: Settle
  readonly reject: Settle
}

interface GuestCall {
  readonly tool: string
  readonly args: readonly unknown[]
  readonly stackHolder: object
}

export interface ToolCalls {
  /** Calls a tool. */
  call(tool: string, args: readonly unknown[]): Promise<unknown>
  /** Settles an open call; `text` is the output or the failure as JSON. */
  settle(call: number, ok: boolean, text: string): void
  /** Returns the calls of which an end may have to warn. */
  callsAtEnd(): readonly TrackedCall[]
  /** Drops the open calls. Returns what rejects their promises. */
  drop(): readonly ((reason: unknown) => void)[]
}

/** Parts of the runtime that the tools use. */
export interface ToolsHost {
  readonly ending: Ending
  readonly watch: PromiseWatch
  /** Called when a call is rejected without a handler, and when such a call gets one. */
  readonly onChange: () => void
}

/** Installs the globals `tools` and `ToolError`. */
export function installTools(
  p: Primordials,
  state: RuntimeState,
  namesOf: () => ToolNames,
  host: ToolsHost,
): ToolCalls {
  const calls = createToolCalls(p, state, { ...host, makeToolError: installToolError(p) })
  defineTools(p, () => createToolsObject(p, namesOf(), calls.call))
  return calls
}

/**
 * Creates the table of tool calls. A call takes its number before it is checked, and an invalid call rejects its promise
 * instead of throwing.
 */
export function createToolCalls(
  p: Primordials,
  state: RuntimeState,
  { ending, watch, onChange, makeToolError }: ToolsHost & { readonly makeToolError: MakeToolError },
): ToolCalls {
  const open = new p.Map<number, OpenCall>()
  // Calls that are open or have no handler, in order.
  const tracked = new p.Map<number, TrackedCall>()
  let calls = 0
  let inputBytes = 0

  function call(tool: string, args: readonly unknown[]): Promise<unknown> {
    assertNotEnded(p, state)
    const stackHolder = { __proto__: null }
    p.ErrorCaptureStackTrace(stackHolder)
    let record: TrackedCall | undefined
    const promise = new p.Promise((resolve, reject) => {
      record = start({ tool, args, stackHolder }, resolve, reject)
    })
    if (record !== undefined) track(record, promise)
    return promise
  }

  function start(guestCall: GuestCall, resolve: Settle, reject: Settle): TrackedCall {
    const { tool, stackHolder } = guestCall
    let input: ToolInput | undefined
    let thrown: unknown
    try {
      input = readInput(p, guestCall, state)
    } catch (error) {
      thrown = error
    }
    // The number is taken only now: getters of the input may have called tools, and those calls have been sent.
    const number = ++calls
    const record: TrackedCall = {
      tool,
      number,
      stackHolder,
      isHandled: false,
      state: 'open',
      wasSent: false,
      reason: undefined,
    }
    const rejectCall = (error: unknown): void => {
      settled(record, 'rejected', error)
      reject(error)
    }
    if (number > state.limits.maxToolCalls) failTooManyCalls()
    else if (input === undefined) rejectCall(thrown)
    else if (!input.ok) {
      const { code, message, data } = input
      rejectCall(makeToolError({ tool, call: undefined, stackHolder }, { code, message, data }))
    } else send(input.text, { record, resolve, reject: rejectCall })
    return record
  }

  function track(record: TrackedCall, promise: object): void {
    p.mapSet(tracked, record.number, record)
    watch.onHandled(promise, () => {
      record.isHandled = true
      if (record.state !== 'open') p.mapDelete(tracked, record.number)
      if (record.state === 'rejected') onChange()
    })
  }

  function settled(record: TrackedCall, to: 'fulfilled' | 'rejected', reason: unknown): void {
    record.state = to
    record.reason = reason
    if (record.isHandled) p.mapDelete(tracked, record.number)
    else if (to === 'rejected') onChange()
  }

  function send(input: string, openCall: OpenCall): void {
    if (state.ended) return
    inputBytes += input.length
    if (inputBytes > state.limits.journalBytes) {
      failJournalTooLarge()
      return
    }
    const { record } = openCall
    record.wasSent = true
    p.mapSet(open, record.number, openCall)
    state.emit('call', record.number, record.tool, input)
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

  return {
    call,
    settle(number, ok, text) {
      const openCall = p.mapGet(open, number)
      if (openCall === undefined) return
      p.mapDelete(open, number)
      const content = p.JSONParse(text)
      const { record, resolve, reject } = openCall
      if (ok) {
        settled(record, 'fulfilled', undefined)
        resolve(content)
      } else {
        const { tool, stackHolder } = record
        reject(makeToolError({ tool, call: number, stackHolder }, content as { message: string }))
      }
    },
    callsAtEnd() {
      const list: TrackedCall[] = []
      p.mapForEach(tracked, (record) => p.arrayPush(list, record))
      return list
    },
    drop() {
      const rejecters: ((reason: unknown) => void)[] = []
      p.mapForEach(open, ({ reject }) => p.arrayPush(rejecters, reject))
      p.mapClear(open)
      return rejecters
    },
  }
}
