import type { Codemode } from '@codemode/client'
import { toAiSdkTool } from '@codemode/client/ai-sdk'
import { generateText, isStepCount, streamText } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'

import { aiSdk } from '../adapters/ai-sdk.ts'
import type { Agent } from './agent.ts'

type Generated = Extract<
  NonNullable<ConstructorParameters<typeof MockLanguageModelV4>[0]>['doGenerate'],
  unknown[]
>[number]

const usage: Generated['usage'] = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
}

/** Call of a tool by a model. */
interface ModelCall {
  readonly toolName: string
  readonly input: object
}

/** Returns the responses of a model that calls tools, one after the other, and then answers. */
function script(modelCalls: readonly ModelCall[]): Generated[] {
  const calls = modelCalls.map(({ toolName, input }, index): Generated => ({
    content: [{ type: 'tool-call', toolCallId: `call-${index}`, toolName, input: JSON.stringify(input) }],
    finishReason: { unified: 'tool-calls', raw: undefined },
    usage,
    warnings: [],
  }))
  const content: Generated['content'] = [{ type: 'text', text: 'done' }]
  return [...calls, { content, finishReason: { unified: 'stop', raw: undefined }, usage, warnings: [] }]
}

/** Returns the texts of tool results in the last prompt that the model got. */
export function resultsIn(calls: MockLanguageModelV4['doGenerateCalls']): string[] {
  const parts = calls.at(-1)!.prompt.flatMap((message) => (message.role === 'tool' ? message.content : []))
  return parts.flatMap((part) => {
    if (part.type !== 'tool-result' || !('value' in part.output)) return []
    return typeof part.output.value === 'string' ? part.output.value : JSON.stringify(part.output.value)
  })
}

const runs = (programs: readonly string[]): ModelCall[] =>
  programs.map((code) => ({ toolName: 'run_code', input: { code } }))

/** Returns a model that makes these calls, one after the other, and then answers. */
export const callingModel = (calls: readonly ModelCall[]) => new MockLanguageModelV4({ doGenerate: script(calls) })

export const modelOf = (programs: readonly string[]) => callingModel(runs(programs))

const settings = (codemode: Codemode, signal: AbortSignal | undefined) => ({
  tools: { run_code: toAiSdkTool(codemode) },
  stopWhen: isStepCount(10),
  prompt: 'Go.',
  ...(signal && { abortSignal: signal }),
})

export const aiSdkAgent: Agent = {
  agent: 'AI SDK, generateText',
  adapter: aiSdk,
  async converse(codemode, programs, signal) {
    const model = modelOf(programs)
    const { text } = await generateText({ model, ...settings(codemode, signal) })
    return { results: resultsIn(model.doGenerateCalls), answer: text }
  },
}

type StreamPart =
  NonNullable<Awaited<ReturnType<MockLanguageModelV4['doStream']>>>['stream'] extends ReadableStream<infer Part>
    ? Part
    : never

function partsOf({ content, finishReason }: Generated): StreamPart[] {
  const parts = content.flatMap((part): StreamPart[] => {
    if (part.type === 'tool-call') return [part]
    if (part.type !== 'text') return []
    const id = 'text'
    return [
      { type: 'text-start', id },
      { type: 'text-delta', id, delta: part.text },
      { type: 'text-end', id },
    ]
  })
  return [...parts, { type: 'finish', finishReason, usage }]
}

export const aiSdkStream: Agent = {
  agent: 'AI SDK, streamText',
  adapter: aiSdk,
  async converse(codemode, programs, signal) {
    const doStream = script(runs(programs)).map((response) => ({ stream: ReadableStream.from(partsOf(response)) }))
    const model = new MockLanguageModelV4({ doStream })
    let isAborted = false
    const onAbort = () => void (isAborted = true)
    const { textStream } = streamText({ model, ...settings(codemode, signal), onAbort })
    let answer = ''
    for await (const text of textStream) answer += text
    if (isAborted) throw new DOMException('The run was aborted', 'AbortError')
    return { results: resultsIn(model.doStreamCalls), answer }
  },
}
