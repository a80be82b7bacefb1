/** Model of the AI SDK that gives fixed answers, for recipes and tests. Use `openai('…')` or another provider's in its place. */
import { MockLanguageModelV4 } from 'ai/test'

/** Answer of the model: a program for `run_code`, or a text. */
type Answer = { readonly code: string } | { readonly text: string }

const usage = {
  inputTokens: { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 0, text: 0, reasoning: 0 },
}

/** Returns a model that gives these answers, in order. */
export function scriptedModel(answers: readonly Answer[]): MockLanguageModelV4 {
  return new MockLanguageModelV4({
    doGenerate: answers.map((answer, index) => ({
      content: [
        'text' in answer
          ? { type: 'text', text: answer.text }
          : {
              type: 'tool-call',
              toolCallId: `call_${index}`,
              toolName: 'run_code',
              input: JSON.stringify({ code: answer.code }),
            },
      ],
      finishReason: { unified: 'text' in answer ? 'stop' : 'tool-calls', raw: undefined },
      usage,
      warnings: [],
    })),
  })
}
