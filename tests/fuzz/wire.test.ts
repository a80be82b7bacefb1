/** Sends malformed requests over real sockets: each gets a well-formed answer, or its connection is closed. */
import { connect } from 'node:net'

import fc from 'fast-check'
import { errorBodySchema } from '@codemode/shared'
import type { RunningExecutor } from '@codemode/executor'
import { expect, test } from 'vitest'

import { api, startExecutor } from '@codemode/testkit'
import { fuzzRuns, fuzzTimeoutMs } from './runs.ts'
import { bytesOf, wireRequest } from './wire-requests.ts'

/** Sends bytes, and resolves with everything that is received until the connection closes. */
async function exchange(executor: RunningExecutor, bytes: Buffer): Promise<string> {
  const socket = connect({ port: executor.port, host: '127.0.0.1' })
  let received = ''
  socket.on('data', (data: Buffer) => (received += data.toString('latin1')))
  // The executor may reset the connection.
  socket.on('error', () => {})
  socket.end(bytes)
  await new Promise((resolve) => socket.on('close', resolve))
  return received
}

/** Statuses that show a bug; other statuses above 500 are refusals. */
const bugs = [500, 502, 504]

/**
 * Returns the status of an answer; undefined if the connection was closed without one. Throws if the answer is
 * malformed or shows a bug.
 */
function statusOf(answer: string): number | undefined {
  // Interim answers, such as 100 Continue, precede the final answer or the end of the connection.
  const final = answer.replace(/^(?:HTTP\/1\.1 1\d\d [^\r]*\r\n(?:[^\r]+\r\n)*\r\n)+/, '')
  if (final === '') return undefined
  const status = Number(/^HTTP\/1\.1 ([2-5]\d\d) /.exec(final)?.[1])
  if (Number.isNaN(status) || bugs.includes(status)) throw new Error('this is no answer that a client expects')
  const head = final.slice(0, final.indexOf('\r\n\r\n'))
  const content = final.slice(head.length + 4)
  if (content.includes('"code":"INTERNAL"')) throw new Error('this is a bug')
  const isJson = /content-type: application\/json/i.test(head) && !/transfer-encoding: chunked/i.test(head)
  if (status >= 400 && isJson && content !== '') {
    errorBodySchema.parse(JSON.parse(Buffer.from(content, 'latin1').toString()))
  }
  return status
}

test(
  'the executor answers any request in the form of the API or cuts it off, and then still works',
  { tags: ['RT-4', 'EX-8'], timeout: fuzzTimeoutMs },
  async () => {
    await using executor = await startExecutor()
    const { body: first } = await api(executor, '/v1/executions', { body: { code: 'return 1' } })
    const statuses = new Set<number | undefined>()
    await fc.assert(
      fc.asyncProperty(fc.array(wireRequest, { minLength: 8, maxLength: 8 }), async (requests) => {
        const answers = await Promise.all(requests.map((each) => exchange(executor, bytesOf(each, first.executionId))))
        for (const [i, answer] of answers.entries()) {
          const sent = bytesOf(requests[i]!, first.executionId).toString('latin1').slice(0, 1_500)
          try {
            statuses.add(statusOf(answer))
          } catch (cause) {
            throw new Error(`${sent}\n--- was answered with\n${answer.slice(0, 1_500)}`, { cause })
          }
        }
      }),
      fuzzRuns(60),
    )
    expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 404]))
    expect(await api(executor, '/v1/executions', { body: { code: 'return 2 + 2' } })).toMatchObject({
      status: 200,
      body: { success: true, result: 4 },
    })
    expect((await api(executor, '/readyz')).status).toBe(200)
  },
)
