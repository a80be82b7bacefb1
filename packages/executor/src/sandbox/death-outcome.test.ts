import { expect, test } from 'vitest'

import { outcomeOfDeath } from './death-outcome.ts'

const crash = { reason: 'SIGSEGV', fromOutside: false, outOfMemory: false }
const kill = { reason: 'SIGKILL', fromOutside: true, outOfMemory: false }
const head = { options: { cpuMs: 7 } }
const circumstances = { death: crash, isReady: true, isSingleGuest: false, termination: undefined, head }
const outcomeOf = (change: Partial<Parameters<typeof outcomeOfDeath>[0]>) =>
  outcomeOfDeath({ ...circumstances, ...change })

test.each([
  ['a crash among neighbours is a suspicion', {}, { type: 'crashed', wasAlone: false }, true],
  ['a crash alone is none any more', { isSingleGuest: true }, { type: 'crashed', wasAlone: true }, true],
  ['a crash for want of memory is told', { death: { ...crash, outOfMemory: true } }, { outOfMemory: true }, true],
  ['a kill from outside is nobody’s doing', { death: kill }, { type: 'killed' }, false],
  ['a start that fails is nobody’s doing', { isReady: false }, { type: 'lost' }, false],
  ['a start that the executor gives up is neither', { isReady: false, death: kill }, { type: 'lost' }, false],
  [
    'a turn that could not be interrupted has used the CPU time that was measured',
    { death: kill, termination: { turn: head, reason: 'timeout', cpuMs: 8 } },
    { type: 'stopped', reason: 'timeout', cpuMs: 8 },
    true,
  ],
  [
    'a turn that could not be interrupted, and did not get its CPU time, is not at fault',
    { death: kill, termination: { turn: head, reason: 'timeout', cpuMs: 6 } },
    { type: 'stopped', reason: 'timeout', cpuMs: 6 },
    false,
  ],
  [
    'a turn that outgrew its limit has used up its memory',
    { death: kill, termination: { turn: head, reason: 'memory', cpuMs: 1 } },
    { reason: 'memory' },
    true,
  ],
  [
    'a turn that was kept from running is nobody’s doing',
    { death: kill, termination: { turn: head, reason: 'stalled', cpuMs: 1 } },
    { type: 'killed' },
    false,
  ],
  [
    'a turn that nobody waits for cost a process as well',
    { death: kill, termination: { turn: head, reason: 'abandoned', cpuMs: 1 } },
    { type: 'lost' },
    true,
  ],
  [
    'a turn that took the place of the one that the process was ended for is innocent',
    { death: kill, termination: { turn: { options: { cpuMs: 7 } }, reason: 'timeout', cpuMs: 8 } },
    { type: 'lost' },
    false,
  ],
  ['a process that had no turn has done nothing', { head: undefined }, { type: 'lost' }, false],
] as const)('%s', (_title, change, outcome, isFault) => {
  expect(outcomeOf(change)).toMatchObject({ outcome, isFault })
})
