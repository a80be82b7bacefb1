/** Message of a conversation, in the form of chat completion APIs. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly content: string
  readonly tool_calls?: readonly ChatToolCall[]
  readonly tool_call_id?: string
}

/** Call of a tool by a model, with its input as JSON text. */
export interface ChatToolCall {
  readonly id: string
  readonly type: 'function'
  readonly function: { readonly name: string; readonly arguments: string }
}

/** Request to a model. */
export interface ChatRequest {
  readonly messages: readonly ChatMessage[]
  readonly tools?: readonly unknown[]
}

/** Answer of a scripted model: code for `run_code`, the call of another tool, or the text that ends its turn. */
export type ScriptedAnswer =
  | { readonly code: string }
  | { readonly tool: string; readonly input: unknown }
  | { readonly text: string }

/** Step of a script: an answer, or a function that makes it from the text of the last message. */
export type ScriptedStep = ScriptedAnswer | ((lastText: string) => ScriptedAnswer)

/** Stands in for a language model: answers requests with the steps of a script, in order, and records the requests. */
export class ScriptedModel {
  /** Requests that it got. */
  readonly requests: ChatRequest[] = []
  readonly #steps: readonly ScriptedStep[]

  constructor(steps: readonly ScriptedStep[]) {
    this.#steps = steps
  }

  /** Number of steps that are left. */
  get stepsLeft(): number {
    return this.#steps.length - this.requests.length
  }

  /** Resolves with the next answer as a message. Rejects if the script has no more steps. */
  async complete(request: ChatRequest): Promise<ChatMessage> {
    const number = this.requests.push({ ...request, messages: [...request.messages] })
    const answer = this.next(request.messages.at(-1)?.content ?? '', number)
    if ('text' in answer) return { role: 'assistant', content: answer.text }
    const { tool, input } = 'code' in answer ? { tool: 'run_code', input: { code: answer.code } } : answer
    const call = {
      id: `call_${number}`,
      type: 'function',
      function: { name: tool, arguments: JSON.stringify(input) },
    } as const
    return { role: 'assistant', content: '', tool_calls: [call] }
  }

  /** Returns the answer of a step, counted from 1, to a text. Throws if there is no such step. */
  next(lastText: string, number: number): ScriptedAnswer {
    const step = this.#steps[number - 1]
    if (step === undefined) throw new Error(`The script has no step ${number}; the last message is: ${lastText}`)
    return typeof step === 'function' ? step(lastText) : step
  }
}
