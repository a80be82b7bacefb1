import { errorBodySchema, newExecutionId, type ToolAnswer } from '@codemode/shared'
import { describe, expect, test } from 'vitest'

import { allRights, type Right } from '../engine/principal.ts'
import { testApp } from './http-app.test-support.ts'

const answer: ToolAnswer = { ok: true, output: 1 }
const submit = ['POST', '', { code: '1' }] as const
const read = ['GET', '/:id', undefined] as const
const events = ['GET', '/:id/events', undefined] as const
const journal = ['GET', '/:id/journal', undefined] as const
const cancel = ['POST', '/:id/cancel', {}] as const
const results = ['POST', '/:id/tool-results', { results: [{ callId: 'c', answer }] }] as const
type Route = readonly [method: string, path: string, body: object | undefined]

/** Sends a request about an execution as a key with the given owner and rights. */
async function attempt([method, path, body]: Route, as: { owner: 'own' | 'other'; rights: readonly Right[] }) {
  const { engine, send } = testApp()
  const { id } = engine.add('acme', newExecutionId(), 'own').admit().finish()
  const response = await send(method, `/v1/executions${path.replace(':id', id)}`, { body, as })
  return { id, response, execution: engine.find('acme', id), submissions: engine.submissions }
}

describe.each<[string, Route, { own: Right[]; other: Right[] }]>([
  ['submitting', submit, { own: ['run'], other: ['run'] }],
  ['reading a record', read, { own: ['run', 'read'], other: ['read'] }],
  ['reading events', events, { own: ['run', 'read'], other: ['read'] }],
  ['reading a journal', journal, { own: ['run', 'read'], other: ['read'] }],
  ['cancelling', cancel, { own: ['run', 'operate'], other: ['operate'] }],
  ['answering a tool call', results, { own: ['run'], other: [] }],
])('%s', (_, route, sufficient) => {
  const cases = (['own', 'other'] as const).flatMap((owner) => allRights.map((right) => ({ owner, right })))
  const isSufficient = ({ owner, right }: (typeof cases)[number]) => sufficient[owner].includes(right)

  test.each(cases.filter(isSufficient))('an execution of the $owner owner is permitted to $right', async (as) => {
    const { response } = await attempt(route, { owner: as.owner, rights: [as.right] })
    expect(response.status).toBe(200)
  })

  test.each(cases.filter((as) => !isSufficient(as)))(
    'an execution of the $owner owner is refused to $right',
    async (as) => {
      const { response, execution, submissions } = await attempt(route, { owner: as.owner, rights: [as.right] })
      expect(response.status).toBe(403)
      const { error } = errorBodySchema.parse(await response.json())
      expect(error).toMatchObject({ code: 'FORBIDDEN', retryable: false })
      expect(error.suggestion).toMatch(/^Use (a|the) key/)
      expect(execution).toMatchObject({ readers: 0, cancelReason: undefined, answered: [] })
      expect(submissions).toEqual([])
    },
  )
})

test('a refusal names the missing right, and the rights that the key has', async () => {
  const { response, id } = await attempt(cancel, { owner: 'other', rights: ['run', 'read'] })
  const { error } = errorBodySchema.parse(await response.json())
  expect(error).toMatchObject({ executionId: id, details: { missing: ['operate'], rights: ['run', 'read'] } })
  expect(error.message).toContain('requires the right "operate"')
  expect(error.message).toContain('has only: run, read')
  expect(error.suggestion).toContain('codemode-executor keys create --tenant acme --rights ')
})

test('a key of another owner is refused tool results although it has all rights', async () => {
  const { response } = await attempt(results, { owner: 'other', rights: allRights })
  expect(response.status).toBe(403)
  expect(errorBodySchema.parse(await response.json()).error.message).toContain('the owner that submitted the execution')
})

test('a repeated request of another owner gets the execution only with the right to read', async () => {
  const { engine, send } = testApp()
  const { id } = engine.add('acme', newExecutionId(), 'own').admit().finish()
  engine.submit = () => engine.find('acme', id)
  const repeat = (rights: Right[]) =>
    send('POST', '/v1/executions', { body: { code: '1', id }, as: { owner: 'other', rights } })
  expect((await repeat(['run'])).status).toBe(403)
  expect((await repeat(['run', 'read'])).status).toBe(200)
})

test.each([read, events, journal, cancel, results])(
  "%s %s answers another tenant's id as an unknown one, whatever the key's rights",
  async (method, path, body) => {
    const { engine, send } = testApp()
    const { id } = engine.add('acme').admit()
    for (const rights of allRights.map((right) => [right])) {
      const answers = await Promise.all(
        [id, newExecutionId()].map(async (asked) => {
          const as = { owner: 'owner of acme', rights }
          const response = await send(method, `/v1/executions${path.replace(':id', asked)}`, {
            body,
            as,
            tenant: 'rival',
          })
          const { error } = errorBodySchema.parse(await response.json())
          return { status: response.status, ...error, correlationId: undefined }
        }),
      )
      expect(answers[0]).toMatchObject({ status: 404, code: 'NOT_FOUND' })
      expect(answers[1]).toEqual(answers[0])
    }
  },
)
