import { toOpenAITool } from '@codemode/client/openai-agents'
import { Agent as OpenAIAgent, Runner } from '@openai/agents'
import { assistantMessage, functionCall, ScriptedModel } from '@openai/agents/testing'

import { openaiOptions } from '../adapters/openai-agents.ts'
import type { Agent, Conversation } from './agent.ts'

const runner = new Runner({ tracingDisabled: true })

function modelOf(programs: readonly string[]): ScriptedModel {
  const calls = programs.map((code, index) => [functionCall('run_code', { code }, { callId: `call-${index}` })])
  return new ScriptedModel([...calls, [assistantMessage('done')]])
}

function conversation(model: ScriptedModel, answer: string | undefined): Conversation {
  const { input } = model.calls.at(-1)!.request
  const items = typeof input === 'string' ? [] : input.filter((item) => item.type === 'function_call_result')
  return {
    results: items.map(({ output }) => (typeof output === 'string' ? output : textOf(output))),
    answer: answer ?? '',
  }
}

function textOf(output: unknown): string {
  return (output as { text?: string }).text ?? JSON.stringify(output)
}

export const openaiAgent: Agent = {
  agent: 'OpenAI Agents',
  adapter: openaiOptions,
  async converse(codemode, programs, signal) {
    const model = modelOf(programs)
    const agent = new OpenAIAgent({ name: 'Suite', model, tools: [toOpenAITool(codemode)] })
    const { finalOutput } = await runner.run(agent, 'Go.', { ...(signal && { signal }) })
    return conversation(model, finalOutput)
  },
}

export const openaiStream: Agent = {
  agent: 'OpenAI Agents, streaming',
  adapter: openaiOptions,
  async converse(codemode, programs, signal) {
    const model = modelOf(programs)
    const agent = new OpenAIAgent({ name: 'Suite', model, tools: [toOpenAITool(codemode)] })
    const result = await runner.run(agent, 'Go.', { stream: true, ...(signal && { signal }) })
    let answer = ''
    for await (const text of result.toTextStream()) answer += text
    await result.completed
    signal?.throwIfAborted()
    return conversation(model, answer)
  },
}
