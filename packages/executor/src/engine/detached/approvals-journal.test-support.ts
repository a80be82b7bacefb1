// Model of the calls in the journal of a detached execution, which shares no code with the executor.
import type { JournalEntry } from '@codemode/shared'
import { expect } from 'vitest'

type EntryOf<Type extends JournalEntry['type']> = Extract<JournalEntry, { type: Type }>

/** Call as the journal has it. */
export interface ModelledCall {
  readonly tool: string
  /** Input as JSON text that the guest has given. */
  readonly made: string
  /** Input as JSON text; the edited one after an approval with another input. */
  input: string
  status: 'open' | 'paused' | 'deferred' | 'settled'
  /** Number of times that an approval was requested. */
  requests: number
  decision?: EntryOf<'decision'>
  /** Answer of the tool or of a client, as JSON text. */
  answer?: string
}

/** Model of one journal. */
export class ApprovalsJournal {
  readonly calls = new Map<number, ModelledCall>()
  claims = 0
  /** Error code of the end, or `completed`. */
  end: string | undefined

  constructor(entries: readonly JournalEntry[]) {
    for (const entry of entries) this.#add(entry)
  }

  #add(entry: JournalEntry): void {
    expect(this.end, 'an entry after the end').toBeUndefined()
    switch (entry.type) {
      case 'claim':
        this.claims += 1
        return
      case 'turn':
        for (const { call, tool, input } of entry.effects.calls) {
          const status = tool.startsWith('pay') ? 'paused' : 'open'
          this.calls.set(call, { tool, made: input, input, status, requests: status === 'paused' ? 1 : 0 })
        }
        if (entry.effects.end !== undefined) this.end = 'completed'
        return
      case 'approval': {
        const call = this.#call(entry.call, 'open')
        call.status = 'paused'
        call.requests += 1
        return
      }
      case 'deferred':
        this.#call(entry.call, 'open', 'deferred').status = 'deferred'
        return
      case 'decision': {
        const call = this.#call(entry.call, 'paused')
        call.decision = entry
        call.status = entry.decision === 'approve' ? 'open' : 'settled'
        call.input = entry.input ?? call.input
        if (entry.end !== undefined) this.end = entry.end.code
        return
      }
      case 'answer': {
        const call = this.#call(entry.call, 'open', 'deferred')
        call.status = 'settled'
        call.answer = entry.text
        return
      }
      case 'end':
        this.end = entry.error.code
        return
      case 'park':
    }
  }

  /** Returns a call that has one of the given statuses, or fails the test. */
  #call(number: number, ...statuses: ModelledCall['status'][]): ModelledCall {
    const call = this.calls.get(number)
    expect(statuses, `status of call ${number}`).toContain(call?.status)
    return call!
  }
}
