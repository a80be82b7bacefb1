import { serialise } from './json.ts'
import type { Primordials } from './primordials.ts'
import { framesOf } from './stack-frames.ts'
import type { RuntimeState } from './state.ts'
import { isBuiltIn } from './tool-names.ts'
import { isLongerThan, utf8Length } from './utf8.ts'

/** Input of a call as JSON text, or the refusal of the call. */
export type ToolInput =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly data: unknown }

/** Arguments of a call, and an object with its stack. */
interface CallArguments {
  readonly tool: string
  readonly args: readonly unknown[]
  readonly stackHolder: object
}

/** Returns the input of a call. Throws what user code throws while its value is serialised. */
export function readInput(p: Primordials, call: CallArguments, state: RuntimeState): ToolInput {
  const { tool, args } = call
  const { limits, rare } = state
  const count = countOf(p, call, state)
  // A built-in tool takes several arguments, as a list; it is no tool that somebody has declared an input for.
  if (count > 1 && !isBuiltIn(p, tool)) {
    return {
      ok: false,
      code: 'TOOL_INPUT_INVALID',
      message: `A tool takes one object; tools.${tool} got ${count} arguments. Pass one object with all fields: tools.${tool}({ … }).`,
      data: { arguments: count },
    }
  }
  const input = serialise(p, count === 0 ? { __proto__: null } : count === 1 ? args[0] : args, rare)
  if (!input.ok) {
    const { path, reason, hint } = input
    return {
      ok: false,
      code: 'TOOL_INPUT_INVALID',
      message: `The input of ${tool} cannot be sent: input${path} ${reason}. ${hint}`,
      data: { path, hint },
    }
  }
  const { text } = input
  if (!isLongerThan(p, text, limits.toolInputBytes)) return { ok: true, text }
  const sizeBytes = utf8Length(p, text)
  const limitBytes = limits.toolInputBytes
  return {
    ok: false,
    code: 'TOOL_INPUT_TOO_LARGE',
    message:
      `The input of ${tool} has ${sizeBytes} bytes as JSON; the limit is ${limitBytes} (toolInputBytes). ` +
      'Send less, or pass a reference.',
    data: { sizeBytes, limitBytes },
  }
}

/**
 * Returns the number of arguments that count: without `undefined` at the end, and without what a builtin passes behind the
 * item when it calls the tool as its callback, such as in `ids.map(tools.get)`.
 */
function countOf(p: Primordials, { args, stackHolder }: CallArguments, { rare, stackTraces }: RuntimeState): number {
  let count = args.length
  while (count > 0 && args[count - 1] === undefined) count--
  return count > 1 &&
    rare('isCallbackCall')(p, args, () => framesOf(p, stackHolder, { stackTraces, isComplete: false }))
    ? 1
    : count
}
