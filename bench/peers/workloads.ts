/** Workloads of the comparison, and the number by which each is compared. */
import { availableParallelism } from 'node:os'

import type { Load, LoadSample } from './load.ts'
import {
  callsInARow,
  callsInParallel,
  computing,
  recordsInAndOut,
  textInAndOut,
  trivial,
  waitingFor,
  waitMs,
} from './programs.ts'

/** Workload that is measured on products that run already. */
export interface LoadWorkload {
  readonly name: string
  readonly load: Load
  readonly measure: Measure
}

/** Number by which a workload is compared. */
export interface Measure {
  readonly unit: string
  readonly of: 'time' | 'rate'
  readonly value: (sample: LoadSample) => number
}

const p50: Measure = { unit: 'ms, p50', of: 'time', value: ({ p50Ms }) => p50Ms }
const rate: Measure = { unit: 'per second', of: 'rate', value: ({ perSecond }) => perSecond }

/** Number of executions that wait for the tool at a time. */
export const waitingCount = 100

const computingAtOnce = 2 * availableParallelism()

export const loadWorkloads = {
  trivial: {
    name: '2 + 2, one at a time',
    load: { program: trivial, inFlight: 1, forMs: 800 },
    measure: p50,
  },
  trivialInFlight: {
    name: '2 + 2, 16 in flight',
    load: { program: trivial, inFlight: 16, forMs: 1_000 },
    measure: rate,
  },
  callsInARow: {
    name: '10 tool calls in a row',
    load: { program: callsInARow, inFlight: 1, forMs: 800 },
    measure: p50,
  },
  callsInParallel: {
    name: '10 tool calls in parallel',
    load: { program: callsInParallel, inFlight: 1, forMs: 800 },
    measure: p50,
  },
  waiting: {
    name: `${waitingCount} executions wait for a ${waitMs} ms tool`,
    load: { program: waitingFor(waitMs), inFlight: waitingCount, count: waitingCount },
    measure: { unit: 'ms for all', of: 'time', value: ({ wallMs }) => wallMs },
  },
  text: {
    name: '1 MiB of text in and out',
    load: { program: textInAndOut, inFlight: 1, forMs: 500 },
    measure: p50,
  },
  records: {
    name: '1 MiB of records in and out',
    load: { program: recordsInAndOut, inFlight: 1, forMs: 600 },
    measure: p50,
  },
  computing: {
    name: 'some 50 ms of JavaScript, one at a time',
    load: { program: computing, inFlight: 1, forMs: 500 },
    measure: p50,
  },
  computingInFlight: {
    name: `the same, ${computingAtOnce} in flight`,
    load: { program: computing, inFlight: computingAtOnce, count: computingAtOnce },
    measure: { ...rate, value: ({ count, wallMs }) => (count / wallMs) * 1_000 },
  },
} as const satisfies Record<string, LoadWorkload>

export type LoadWorkloadKey = keyof typeof loadWorkloads
export const loadWorkloadKeys = Object.keys(loadWorkloads) as LoadWorkloadKey[]
