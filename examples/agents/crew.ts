/**
 * A crew in the style of CrewAI, whose agent has the tool that runs code, and whose code has two tools. It is kicked off synchronously,
 * which blocks the thread until the crew is done, and asynchronously.
 */
import assert from 'node:assert/strict'
import { env } from 'node:process'

import { Codemode } from '@codemode/client'
import type { CrewaiTool } from '@codemode/client/crewai'

/** Agent that asks a model for a program, and gives the output of the program as its answer. */
interface CrewAgent {
  readonly role: string
  readonly tool: CrewaiTool
  /** Stands in for a language model: returns a program for a task. */
  readonly model: (task: string) => string
}

/** Crew with one agent, which performs its tasks one after the other. */
class Crew {
  readonly #agent: CrewAgent
  readonly #tasks: readonly string[]

  constructor(agent: CrewAgent, tasks: readonly string[]) {
    this.#agent = agent
    this.#tasks = tasks
  }

  kickoff(): string[] {
    const { model, tool } = this.#agent
    return this.#tasks.map((task) => tool._run({ code: model(task) }))
  }

  async kickoffAsync(): Promise<string[]> {
    const { model, tool } = this.#agent
    const outputs: string[] = []
    for (const task of this.#tasks) outputs.push(await tool._arun({ code: model(task) }))
    return outputs
  }
}

await using codemode = Codemode.fromClientConfig({
  executorUrl: env['CODEMODE_EXECUTOR_URL'] ?? 'http://localhost:8001',
  executorApiKey: env['CODEMODE_EXECUTOR_API_KEY'],
  toolsModule: new URL('crew-tools.ts', import.meta.url).href,
})
await codemode.loadTools()

const programs: Readonly<Record<string, string>> = {
  'Find the cheapest trip.': `
    const cities = ['Oslo', 'Rome', 'Lima']
    const trips = await Promise.all(cities.map(async (city) => {
      const [flight, hotel] = await Promise.all([tools.flight_price({ city }), tools.hotel_price({ city })])
      return { city, total: flight + hotel }
    }))
    return trips.sort((one, other) => one.total - other.total)[0]`,
  'Book a palace.': `return tools.hotel_price({ city: 'Rome', stars: 7 })`,
}
const agent: CrewAgent = { role: 'Travel planner', tool: codemode.asCrewaiTool(), model: (task) => programs[task]! }
const crew = new Crew(agent, Object.keys(programs))

for (const outputs of [crew.kickoff(), await crew.kickoffAsync()]) {
  const [trip, palace] = outputs
  assert.match(trip!, /"city":"Rome","total":210/)
  // A failure is a text, with the id by which it is found in the logs of client and executor.
  assert.match(palace!, /input\.stars[^]*Correlation id: /)
}
console.log('the cheapest trip is to Rome')
