import assert from 'node:assert/strict'

import { printCode, printFact } from '../print.ts'
import { connect, type Scene } from '../scene.ts'

const code = `
const order = { id: 'o-17', lines: [{ sku: 'tea', count: 2 }] }
console.log('read', order)
console.warn('%d line only', order.lines.length)
return order.lines.length
`.trim()

export const consoleOutput: Scene = {
  title: 'Console output comes back beside the result and is never mixed into it',
  async play(executor) {
    await using codemode = connect(executor)
    printCode(code)
    const execution = await codemode.run(code)
    assert.ok(execution.success)
    const { result, logs } = execution
    for (const { level, text } of logs) printFact(`console.${level}`, text)
    printFact('result', JSON.stringify(result))
    assert.equal(result, 1)
    assert.deepEqual(
      logs.map(({ level, text }) => [level, text]),
      [
        ['log', "read { id: 'o-17', lines: [ { sku: 'tea', count: 2 } ] }"],
        ['warn', '1 line only'],
      ],
    )
  },
}
