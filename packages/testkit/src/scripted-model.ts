/** Message of a conversation, in the form of chat completion APIs. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly content: string
  readonly tool_calls?: readonly ChatToolCall[]
  readonly tool_call_id?: string
}

/** Call of a tool by a model, with its input as JSON text. */
interface ChatToolCall {
  readonly id: string
  readonly type: 'function'
  readonly function: { readonly name: string; readonly arguments: string }
}

/** Request to a model. */
interface ChatRequest {
  readonly messages: readonly ChatMessage[]
  readonly tools: readonly unknown[]
}

/** Answer of a scripted model: code for `run_code`, or the text that ends its turn. */
type ScriptedAnswer = { readonly code: string } | { readonly text: string }

/** Step of a script: an answer, or a function that makes it from the text of the last message. */
type ScriptedStep = ScriptedAnswer | ((lastText: string) => ScriptedAnswer)

/** Stands in for a language model: answers requests with the steps of a script, in order. */
export class ScriptedModel {
  readonly #steps: readonly ScriptedStep[]
  #requests = 0

  constructor(steps: readonly ScriptedStep[]) {
    this.#steps = steps
  }

  /** Resolves with the next answer as a message. Rejects if the script has no more steps. */
  async complete({ messages }: ChatRequest): Promise<ChatMessage> {
    const lastText = messages.at(-1)?.content ?? ''
    const step = this.#steps[this.#requests]
    this.#requests += 1
    if (step === undefined)
      throw new Error(`The script has no step ${this.#requests}; the last message is: ${lastText}`)
    const answer = typeof step === 'function' ? step(lastText) : step
    if ('text' in answer) return { role: 'assistant', content: answer.text }
    const call = { name: 'run_code', arguments: JSON.stringify(answer) }
    return {
      role: 'assistant',
      content: '',
      tool_calls: [{ id: `call_${this.#requests}`, type: 'function', function: call }],
    }
  }
}
