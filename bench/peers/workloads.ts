/** Workloads of the comparison, and the numbers by which the products are compared. */
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
  readonly measures: readonly Measure[]
}

/** Number by which products are compared in a workload. */
interface Measure {
  /** Name of the number, if it is not the only one of its workload. */
  readonly name?: string
  readonly unit: string
  readonly of: 'time' | 'rate'
  readonly value: (sample: LoadSample) => number
}

const p50: Measure = { unit: 'ms, p50', of: 'time', value: ({ p50Ms }) => p50Ms }
const rate: Measure = { unit: 'per second', of: 'rate', value: ({ perSecond }) => perSecond }
const cpu: Measure = { name: 'CPU time of each', unit: 'ms', of: 'time', value: ({ cpuMs }) => cpuMs }

/** Number of executions that wait for the tool at a time. */
export const waitingCount = 100

const computingAtOnce = 2 * availableParallelism()

const sliced = { forMs: 200, slices: 4 }

export const loadWorkloads = {
  trivial: {
    name: '2 + 2, one at a time',
    load: { program: trivial, inFlight: 1, ...sliced },
    measures: [p50],
  },
  trivialInFlight: {
    name: '2 + 2, 16 in flight',
    load: { program: trivial, inFlight: 16, forMs: 800, slices: 2 },
    measures: [rate, cpu],
  },
  callsInARow: {
    name: '10 tool calls in a row',
    load: { program: callsInARow, inFlight: 1, ...sliced },
    measures: [p50],
  },
  callsInParallel: {
    name: '10 tool calls in parallel',
    load: { program: callsInParallel, inFlight: 1, ...sliced },
    measures: [p50],
  },
  waiting: {
    name: `${waitingCount} executions wait for a ${waitMs} ms tool`,
    load: { program: waitingFor(waitMs), inFlight: waitingCount, count: waitingCount },
    measures: [{ unit: 'ms for all', of: 'time', value: ({ wallMs }) => wallMs }],
  },
  text: {
    name: '1 MiB of text in and out',
    load: { program: textInAndOut, inFlight: 1, ...sliced },
    measures: [p50],
  },
  records: {
    name: '1 MiB of records in and out',
    load: { program: recordsInAndOut, inFlight: 1, ...sliced },
    measures: [p50],
  },
  computing: {
    name: '50 ms of JavaScript, one at a time',
    load: { program: computing, inFlight: 1, ...sliced },
    measures: [p50],
  },
  computingInFlight: {
    name: `50 ms of JavaScript, ${computingAtOnce} in flight`,
    load: { program: computing, inFlight: computingAtOnce, count: computingAtOnce },
    measures: [rate],
  },
} as const satisfies Record<string, LoadWorkload>

export type LoadWorkloadKey = keyof typeof loadWorkloads
export const loadWorkloadKeys = Object.keys(loadWorkloads) as LoadWorkloadKey[]
