import type { ExecutionFailure, Notify } from '@codemode/shared'
import { notificationMessageSchema } from '@codemode/shared'
import { expect, test } from 'vitest'

import type { ExecutionFacts } from './execution-store.ts'
import { notificationsOf } from './notifications-of.ts'

const at = Date.parse('2026-11-30T12:00:00.000Z')
const error: ExecutionFailure = { code: 'GUEST_ERROR', name: 'Error', message: 'no'.repeat(10_000), retryable: false }
const all: Notify['events'] = ['approval.requested', 'finished', 'needs_attention']

function factsWith(events: Notify['events'] | undefined): ExecutionFacts {
  return {
    id: 'exe_1',
    tenant: 'acme',
    owner: 'ann',
    keyId: 'key',
    correlationId: 'cor_1',
    label: 'report',
    bodyHash: 'hash',
    isolation: 'tenant',
    reuseIsolates: true,
    expiresAfterMs: 1,
    ...(events && { notify: { url: 'https://app.example/hook', secret: 'whsec_', events } }),
  }
}

const finished = { change: { status: 'failed', finishedAt: at - 1, error }, position: 4, at } as const
const attention = { change: { status: 'needs_attention', error }, position: 3, at } as const
const requested = {
  requested: [
    {
      call: 2,
      tool: 'pay',
      input: '{}',
      inputHash: 'a'.repeat(64),
      reason: 'over 100',
      requestedAt: at,
      expiresAt: at + 1,
    },
  ],
  position: 2,
  at,
} as const

test('a notification has the ids, the label and what happened, and no more of an error than code and message', () => {
  const changes = [finished, attention, requested]
  const notifications = changes.flatMap((change) => notificationsOf(factsWith(all), change))
  const subject = { executionId: 'exe_1', correlationId: 'cor_1', label: 'report' }
  const shortError = { code: 'GUEST_ERROR', message: 'no'.repeat(512) }
  expect(notifications).toEqual([
    {
      id: 'exe_1:finished',
      message: {
        type: 'execution.finished',
        timestamp: '2026-11-30T11:59:59.999Z',
        data: { ...subject, status: 'failed', error: shortError },
      },
    },
    {
      id: 'exe_1:needs_attention:3',
      message: {
        type: 'execution.needs_attention',
        timestamp: '2026-11-30T12:00:00.000Z',
        data: { ...subject, status: 'needs_attention', error: shortError },
      },
    },
    {
      id: 'exe_1:2:approval_requested:2',
      message: {
        type: 'approval.requested',
        timestamp: '2026-11-30T12:00:00.000Z',
        data: {
          ...subject,
          callId: 'exe_1:2',
          tool: 'pay',
          inputHash: 'a'.repeat(64),
          reason: 'over 100',
          expiresAt: '2026-11-30T12:00:00.001Z',
        },
      },
    },
  ])
  for (const { message } of notifications) expect(notificationMessageSchema.parse(message)).toEqual(message)
})

test('a receiver gets the events only that it has asked for', () => {
  for (const event of all) {
    const sent = [finished, attention, requested].flatMap((change) => notificationsOf(factsWith([event]), change))
    expect(sent).toHaveLength(1)
  }
  expect(notificationsOf(factsWith(undefined), finished)).toEqual([])
})

test('other changes cause no notification', () => {
  for (const status of ['running', 'waiting', 'paused'] as const)
    expect(notificationsOf(factsWith(all), { change: { status }, position: 1, at })).toEqual([])
  expect(notificationsOf(factsWith(all), { position: 1, at })).toEqual([])
})
