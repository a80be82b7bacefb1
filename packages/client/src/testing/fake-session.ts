import type { SessionRecord } from '@codemode/shared'

import type { FakeRequest } from './fake-executor.ts'

/** Returns the record of a session without steps. */
export function sessionRecord(sessionId: string, more: Partial<SessionRecord> = {}): SessionRecord {
  return {
    sessionId,
    durable: false,
    owner: 'owner',
    createdAt: '2030-01-01T00:00:00.000Z',
    lastUsedAt: '2030-01-01T00:00:00.000Z',
    expiresAt: '2030-01-02T00:00:00.000Z',
    steps: 0,
    pendingSteps: 0,
    sizeBytes: 0,
    context: {},
    variables: [],
    stepList: [],
    ...more,
  }
}

/** Returns the id of the session in the path of a request. */
export function sessionIn({ path }: FakeRequest): string {
  return /ses_[^/?]+/.exec(path)![0]
}
