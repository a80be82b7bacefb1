import { newExecutionId } from '@codemode/shared'
import { expect, test } from 'vitest'

import type { DecisionMade, StoredApproval } from '../../store/stored-approval.ts'
import { approvalText } from './approval-text.ts'

const pending = { call: 1, tool: 'pay', input: '{}', inputHash: '0'.repeat(64), requestedAt: 0 } as const
const textOf = (decision: DecisionMade['decision']): unknown => {
  const decided: StoredApproval['decided'] = { made: { decision, by: 'ada', keyId: 'key_1' }, at: 0 }
  return JSON.parse(approvalText(newExecutionId(), { ...pending, decided }))
}

test('a stored value that is nested too deeply is shown as a text, and does not make lists fail', () => {
  const deep = JSON.parse('['.repeat(300_000) + ']'.repeat(300_000)) as []
  const text = expect.stringContaining('nested too deeply') as string
  expect(textOf({ decision: 'respond', output: deep })).toMatchObject({ decision: { output: text } })
  expect(textOf({ decision: 'approve', input: deep })).toMatchObject({ decision: { input: text } })
  expect(textOf({ decision: 'approve', note: 'fine' })).toMatchObject({ decision: { note: 'fine' } })
})
