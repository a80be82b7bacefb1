import assert from 'node:assert/strict'

import { printCode, printFact } from '../print.ts'
import { connect, get, type Scene } from '../scene.ts'

const code = `return await tools.charge({ cents: 1250 })`
const correlationId = 'checkout:7f3a90c14be2d685'

export const correlation: Scene = {
  title: 'Client and executor log the same correlation id',
  async play(executor) {
    let seenByHandler = ''
    await using codemode = connect(executor, {
      toolServer: { port: 0 },
      tools: {
        charge: ({ cents }: { cents: number }, call) => {
          seenByHandler = call.correlationId
          return { charged: cents, for: call.context['customer'] ?? null }
        },
      },
    })
    printCode(code)
    const caller = codemode.withContext({ customer: 'c-42' })
    const execution = await caller.run(code, { correlationId })
    const record = await get<{ correlationId: string }>(executor, `/v1/executions/${execution.executionId}`)
    assert.ok(execution.success)
    printFact('result', JSON.stringify(execution.result))
    printFact('asked for', correlationId)
    printFact('in result', execution.correlationId)
    printFact('in handler', seenByHandler)
    printFact('in executor', `${record.correlationId} (GET /v1/executions/:id)`)
    assert.deepEqual(execution.result, { charged: 1250, for: 'c-42' })
    assert.deepEqual(
      [execution.correlationId, seenByHandler, record.correlationId],
      [correlationId, correlationId, correlationId],
    )
  },
}
