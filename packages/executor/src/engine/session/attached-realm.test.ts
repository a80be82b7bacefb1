import { expect, test } from 'vitest'

import { headerOf } from '../state/journal.test-support.ts'
import { AttachedRealm } from './attached-realm.ts'

const stepOf = (step: number) => ({ header: headerOf({ session: { id: 'ses_1', step } }), entries: [] })
const named = (name: string) => ({ name, kind: 'let' }) as const

test('the variables are those after the last step that was kept and reported any', () => {
  const realm = new AttachedRealm()
  realm.reportedVariables = [named('a')]
  realm.ended(stepOf(1))
  expect(realm.variables).toEqual([named('a')])

  // The turn was discarded: its entry did not fit into the journal, for example.
  realm.reportedVariables = [named('a'), named('b')]
  realm.ended(undefined)
  expect(realm.variables).toEqual([named('a')])

  // The host has ended the step between two turns.
  realm.ended(stepOf(3))
  expect(realm.variables).toEqual([named('a')])
  expect(realm.forkAt(3).variables).toEqual([named('a')])
  realm.reset()
  expect(realm.variables).toEqual([])
})
