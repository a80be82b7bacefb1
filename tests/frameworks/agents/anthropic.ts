import Anthropic from '@anthropic-ai/sdk'
import { toAnthropicTool } from '@codemode/client/anthropic'
import type { Codemode } from '@codemode/client'

import { anthropicZod } from '../adapters/anthropic.ts'
import type { Agent, Conversation } from './agent.ts'

interface ToolResult {
  readonly type: string
  readonly tool_use_id: string
  readonly content: unknown
}

interface RequestBody {
  readonly stream?: boolean
  readonly messages: readonly { readonly content: string | readonly ToolResult[] }[]
}

type Content = { type: 'text'; text: string } | { type: 'tool_use'; id: string; name: string; input: object }

/** Model behind the API of Anthropic, which sends programs and then answers. */
class ScriptedApi {
  readonly #programs: readonly string[]
  readonly #bodies: RequestBody[] = []

  constructor(programs: readonly string[]) {
    this.#programs = programs
  }

  readonly fetch = async (_url: unknown, init?: { body?: unknown }): Promise<Response> => {
    const body = JSON.parse(String(init?.body)) as RequestBody
    const code = this.#programs[this.#bodies.length]
    const id = `toolu_${this.#bodies.length}`
    this.#bodies.push(body)
    const content: Content =
      code === undefined ? { type: 'text', text: 'done' } : { type: 'tool_use', id, name: 'run_code', input: { code } }
    const message = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'scripted',
      stop_reason: code === undefined ? 'end_turn' : 'tool_use',
      stop_sequence: null,
      usage: { input_tokens: 1, output_tokens: 1 },
    }
    if (body.stream !== true) return Response.json({ ...message, content: [content] })
    return new Response(eventsOf(message, content), { headers: { 'content-type': 'text/event-stream' } })
  }

  /** Texts of all tool results. A request may have only the messages since the one before. */
  get results(): string[] {
    const messages = this.#bodies.flatMap((body) => body.messages)
    const blocks = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content))
    const results = blocks.filter(({ type }) => type === 'tool_result')
    return [...new Map(results.map(({ tool_use_id: id, content }) => [id, String(content)])).values()]
  }
}

function eventsOf(message: { stop_reason: string }, content: Content): string {
  const delta =
    content.type === 'text'
      ? { type: 'text_delta', text: content.text }
      : { type: 'input_json_delta', partial_json: JSON.stringify(content.input) }
  const empty = content.type === 'text' ? { ...content, text: '' } : { ...content, input: {} }
  const events = [
    { type: 'message_start', message: { ...message, content: [], stop_reason: null } },
    { type: 'content_block_start', index: 0, content_block: empty },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: message.stop_reason, stop_sequence: null },
      usage: { output_tokens: 1 },
    },
    { type: 'message_stop' },
  ]
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')
}

async function converse(
  codemode: Codemode,
  programs: readonly string[],
  { stream, signal }: { stream: boolean; signal: AbortSignal | undefined },
): Promise<Conversation> {
  const api = new ScriptedApi(programs)
  const client = new Anthropic({ apiKey: 'none', fetch: api.fetch, maxRetries: 0 })
  const runner = client.beta.messages.toolRunner(
    {
      model: 'scripted',
      max_tokens: 1_000,
      messages: [{ role: 'user', content: 'Go.' }],
      tools: [toAnthropicTool(codemode)],
      stream,
    },
    { ...(signal && { signal }) },
  )
  const { content } = await runner.runUntilDone()
  return { results: api.results, answer: content.map((block) => (block.type === 'text' ? block.text : '')).join('') }
}

export const anthropicAgent: Agent = {
  agent: 'Anthropic SDK',
  adapter: anthropicZod,
  converse: (codemode, programs, signal) => converse(codemode, programs, { stream: false, signal }),
}

export const anthropicStream: Agent = {
  agent: 'Anthropic SDK, streaming',
  adapter: anthropicZod,
  converse: (codemode, programs, signal) => converse(codemode, programs, { stream: true, signal }),
}
