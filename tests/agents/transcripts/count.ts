/** Arithmetic about transcripts: requests to a model, and the tokens that it reads and writes in all of them together. */
import type { Codemode, Tool } from '@codemode/client'
import { encode } from 'gpt-tokenizer'
import { z } from 'zod'

import type { Task } from './tasks.ts'

/** Costs of one transcript. */
export interface Costs {
  /** Requests to the model, each of which carries all that came before. */
  readonly requests: number
  /** Tokens that the model reads, in all requests together. */
  readonly read: number
  /** Tokens that the model writes. */
  readonly written: number
}

/** Step of a transcript: the texts that the model writes, and those that it gets back. */
interface Step {
  readonly written: string
  readonly returned: string
}

const tokens = (text: string): number => encode(text).length

function costsOf(prefix: string, steps: readonly Step[], answer: string): Costs {
  let context = tokens(prefix)
  let read = 0
  let written = 0
  for (const step of steps) {
    read += context
    written += tokens(step.written)
    context += tokens(step.written) + tokens(step.returned)
  }
  return { requests: steps.length + 1, read: read + context, written: written + tokens(answer) }
}

const system = 'You are a helpful assistant. Use the tools.'
const compact = (value: unknown): string => JSON.stringify(value)

async function outputOf({ inputSchema, execute }: Tool, input: object): Promise<unknown> {
  return execute!(inputSchema instanceof z.ZodType ? inputSchema.parse(input) : input, undefined as never)
}

/** Returns the costs if the model calls the tools one by one. */
export async function classicCosts(
  { question, calls, answer }: Task,
  tools: Readonly<Record<string, Tool>>,
  schemas: Readonly<Record<string, object>>,
): Promise<Costs> {
  const definitions = Object.entries(tools).map(([name, { description }]) => ({
    name,
    description,
    parameters: schemas[name],
  }))
  const steps = await Promise.all(
    calls.map(async (round) => {
      const outputs = await Promise.all(round.map(([name, input]) => outputOf(tools[name]!, input)))
      return {
        written: round.map(([name, input]) => compact({ name, arguments: input })).join('\n'),
        returned: outputs.map(compact).join('\n'),
      }
    }),
  )
  return costsOf([system, compact(definitions), question].join('\n'), steps, answer)
}

/** Returns the costs if the model writes programs, whose texts of results are those of a real executor. */
export async function codeCosts({ question, programs, answer }: Task, codemode: Codemode): Promise<Costs> {
  const { name, description, inputSchema, run, execute } = codemode.asTool()
  const prefix = [system, codemode.prompt(), compact({ name, description, parameters: inputSchema }), question].join(
    '\n',
  )
  const steps: Step[] = []
  for (const code of programs) {
    const result = await run({ code })
    if (!result.success || result.result === null) throw new Error(`A program failed: ${await execute({ code })}`)
    steps.push({ written: compact({ name, arguments: { code } }), returned: await execute({ code }) })
  }
  return costsOf(prefix, steps, answer)
}
