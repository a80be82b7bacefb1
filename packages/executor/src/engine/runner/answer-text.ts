import { maxJsonNesting, type ToolAnswer } from '@codemode/shared'
import { toolFailed, toolOutputTooLarge } from '@codemode/shared/internal'

import { isNestedDeeperThan, nestedTooDeeply } from '../nesting.ts'

/** Answer as the guest receives it: the output or the failure, as JSON text. */
export interface AnswerText {
  readonly ok: boolean
  readonly text: string
  /** Code of the failure. */
  readonly errorCode?: string
}

/** Returns the text of an answer. An output that is too large, or is nested too deeply, becomes a failure. */
export function answerText(answer: ToolAnswer, tool: string, limitBytes: number): AnswerText {
  const text = stringify(answer.ok ? answer.output : answer.error)
  if (text === undefined) {
    const message = `The output of ${tool} ${nestedTooDeeply(maxJsonNesting)}`
    return failedText(toolFailed('TOOL_OUTPUT_INVALID', message))
  }
  const sizeBytes = Buffer.byteLength(text)
  if (sizeBytes > limitBytes) return failedText(toolOutputTooLarge(tool, sizeBytes, limitBytes))
  return answer.ok ? { ok: true, text } : { ok: false, text, errorCode: answer.error.code ?? 'TOOL_ERROR' }
}

function failedText({ error }: ReturnType<typeof toolFailed>): AnswerText {
  return { ok: false, text: JSON.stringify(error), errorCode: error.code }
}

/** Returns the JSON text of a value; undefined for a value that is nested too deeply or is not JSON. */
function stringify(value: unknown): string | undefined {
  // The nesting is checked first, because `JSON.stringify` takes time that grows with the square of the depth.
  if (isNestedDeeperThan(value, maxJsonNesting)) return undefined
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
