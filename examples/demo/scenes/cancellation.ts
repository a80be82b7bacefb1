import assert from 'node:assert/strict'
import { once } from 'node:events'

import { CancelledError } from '@codemode/client'

import { printCode, printFact } from '../print.ts'
import { connect, get, type Scene } from '../scene.ts'

const code = `
const approved = await tools.ask_reviewer({ question: 'Ship it?' })
return approved ? 'shipped' : 'kept'
`.trim()

export const cancellation: Scene = {
  title: 'Cancellation reaches the guest and the tool handler that it waits for',
  async play(executor) {
    const called = Promise.withResolvers<void>()
    const aborted = Promise.withResolvers<string>()
    await using codemode = connect(executor, {
      toolServer: { port: 0 },
      tools: {
        ask_reviewer: async (_input, { signal }) => {
          called.resolve()
          await once(signal, 'abort')
          aborted.resolve('its signal aborted')
          return false
        },
      },
    })
    printCode(code)
    const controller = new AbortController()
    const running = codemode.executeAsync(code, { signal: controller.signal }).catch((thrown: unknown) => thrown)
    await called.promise
    controller.abort('the user has left')
    const error = await running
    assert.ok(error instanceof CancelledError)
    printFact('client', `${error.name} with code ${error.code}: ${error.message}`)
    printFact('handler', await aborted.promise)
    const record = await get<{ status: string }>(executor, `/v1/executions/${error.executionId}`)
    printFact('executor', `status ${record.status}`)
    assert.equal(error.name, 'AbortError')
    assert.equal(record.status, 'cancelled')
  },
}
