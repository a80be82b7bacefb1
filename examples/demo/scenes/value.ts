import assert from 'node:assert/strict'

import { printCode, printFact } from '../print.ts'
import { connect, type Scene } from '../scene.ts'

const code = `
const cities: string[] = ['Oslo', 'Rome', 'Lima']
cities.map((city) => ({ city, letters: city.length }))
`.trim()

export const value: Scene = {
  title: 'A value: the last expression of a TypeScript program',
  async play(executor) {
    await using codemode = connect(executor)
    printCode(code)
    const execution = await codemode.run(code)
    assert.ok(execution.success)
    const { result, usage } = execution
    printFact('result', JSON.stringify(result))
    printFact('took', `${usage.wallMs} ms in the executor, ${usage.cpuMs.toFixed(1)} ms of it on the CPU`)
    assert.deepEqual(result, [
      { city: 'Oslo', letters: 4 },
      { city: 'Rome', letters: 4 },
      { city: 'Lima', letters: 4 },
    ])
  },
}
