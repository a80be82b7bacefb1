import { expect, test } from 'vitest'

import { outcomeOfDeath } from './death-outcome.ts'

const crash = { reason: 'SIGSEGV', fromOutside: false, outOfMemory: false }
const kill = { reason: 'SIGKILL', fromOutside: true, outOfMemory: false }
const head = { options: { cpuMs: 7 } }
const circumstances = {
  death: crash,
  isReady: true,
  isSingleGuest: false,
  hasOtherRuntime: false,
  termination: undefined,
  head,
}
const outcomeOf = (change: Partial<Parameters<typeof outcomeOfDeath>[0]>) =>
  outcomeOfDeath({ ...circumstances, ...change })

test.each([
  ['a crash beside other guests is a suspicion', {}, { type: 'crashed', wasAlone: false }, true],
  ['a crash without other guests is a proof', { isSingleGuest: true }, { type: 'crashed', wasAlone: true }, true],
  ['a crash for lack of memory is marked so', { death: { ...crash, outOfMemory: true } }, { outOfMemory: true }, true],
  ['a kill from outside is not a fault of the guest', { death: kill }, { type: 'killed' }, false],
  ['a failed start is not a fault of the guest', { isReady: false }, { type: 'lost' }, false],
  [
    'a failed start with the runtime of another version may be because of that runtime',
    { isReady: false, hasOtherRuntime: true },
    { type: 'unrunnable', reason: 'broken' },
    false,
  ],
  [
    'a cancelled start with the runtime of another version is not because of it',
    { isReady: false, hasOtherRuntime: true, death: kill },
    { type: 'lost' },
    false,
  ],
  ['a cancelled start is not a fault of the guest', { isReady: false, death: kill }, { type: 'lost' }, false],
  [
    'an uninterruptible turn has used the measured CPU time',
    { death: kill, termination: { turn: head, reason: 'timeout', cpuMs: 8 } },
    { type: 'stopped', reason: 'timeout', cpuMs: 8 },
    true,
  ],
  [
    'an uninterruptible turn that did not get its CPU time is not at fault',
    { death: kill, termination: { turn: head, reason: 'timeout', cpuMs: 6 } },
    { type: 'stopped', reason: 'timeout', cpuMs: 6 },
    false,
  ],
  [
    'a turn that exceeded its limit has used up its memory',
    { death: kill, termination: { turn: head, reason: 'memory', cpuMs: 1 } },
    { reason: 'memory' },
    true,
  ],
  [
    'a stalled turn is not a fault of the guest',
    { death: kill, termination: { turn: head, reason: 'stalled', cpuMs: 1 } },
    { type: 'killed' },
    false,
  ],
  [
    'an abandoned turn that costs a process is a fault',
    { death: kill, termination: { turn: head, reason: 'abandoned', cpuMs: 1 } },
    { type: 'lost' },
    true,
  ],
  [
    'a turn that replaced the one at fault is not at fault',
    { death: kill, termination: { turn: { options: { cpuMs: 7 } }, reason: 'timeout', cpuMs: 8 } },
    { type: 'lost' },
    false,
  ],
  ['a process without a turn is not a fault of a guest', { head: undefined }, { type: 'lost' }, false],
] as const)('%s', (_title, change, outcome, isFault) => {
  expect(outcomeOf(change)).toMatchObject({ outcome, isFault })
})
