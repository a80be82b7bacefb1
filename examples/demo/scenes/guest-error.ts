import assert from 'node:assert/strict'

import { ExecutionError } from '@codemode/client'

import { printCode, printFact } from '../print.ts'
import { connect, type Scene } from '../scene.ts'

const code = `
interface Order { lines: { price: number }[] }

function total(order: Order): number {
  return order.items.reduce((sum, { price }) => sum + price, 0)
}

return total({ lines: [{ price: 3 }] })
`.trim()

export const guestError: Scene = {
  title: "An error of the guest has the line numbers of the guest's code",
  async play(executor) {
    await using codemode = connect(executor)
    printCode(code)
    const error: unknown = await codemode.executeAsync(code).catch((thrown: unknown) => thrown)
    assert.ok(error instanceof ExecutionError)
    printFact('thrown', `${error.name} with code ${error.code}`)
    printFact('guest stack', error.guestStack ?? '')
    assert.equal(error.code, 'GUEST_ERROR')
    assert.equal(error.errorName, 'TypeError')
    assert.match(error.guestStack ?? '', /at total \(code:4:22\)\n\s+at code:7:8$/)
  },
}
