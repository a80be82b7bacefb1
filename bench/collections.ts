/**
 * Measures collections whose items are added and removed with each execution: the heap that removed items take until
 * they are collected, and the time to find the oldest item. See design/collections.md.
 */
import process from 'node:process'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { Fifo } from '../packages/executor/src/engine/fifo.ts'
import type { Workload } from './workload.ts'
import { spreadOf } from './statistics.ts'
import type { Row } from './table.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

interface Item {
  readonly id: string
  /** Part that is retained after the end of an execution. */
  readonly result: readonly number[]
  /** Part that nothing refers to after the end of an execution. */
  readonly rest: readonly number[]
}

/** Collection under test. `add` returns the function that removes the item. */
type AddItem = (item: Item) => () => void

const collections: Record<string, () => AddItem> = {
  Map() {
    const items = new Map<string, Item>()
    return (item) => {
      items.set(item.id, item)
      return () => items.delete(item.id)
    }
  },
  'Map, emptied entries'() {
    const entries = new Map<string, { item: Item | undefined }>()
    return (item) => {
      const entry: { item: Item | undefined } = { item }
      entries.set(item.id, entry)
      return () => {
        entries.delete(item.id)
        entry.item = undefined
      }
    }
  },
  'object without prototype'() {
    const items = Object.create(null) as Record<string, Item>
    return (item) => {
      items[item.id] = item
      return () => delete items[item.id]
    }
  },
}

const count = 100_000
const numbers = Array.from({ length: 1_000 }, (_, index) => index)
const bytesPerNumber = 8

export const collectionsBench: Workload = async (_args, report, options) => {
  const churn: Row[] = []
  for (const retained of [0, 10_000]) {
    for (const alive of [16, 200]) {
      for (const [collection, create] of Object.entries(collections)) {
        const measured: Measured[] = []
        for (let round = 0; round < options.rounds; round += 1)
          measured.push(await measureChurn(create(), alive, retained))
        const peakMb = spreadOf(measured.map((each) => each.peakMb))
        churn.push({
          collection,
          alive,
          retained,
          'peak heap, MiB': peakMb,
          'µs each': spreadOf(measured.map(({ us }) => us)),
        })
      }
    }
  }
  report.table(`${count} items of 5 KB, of which 2 KB are retained`, churn)
  const oldest: Row[] = []
  for (const length of [100, 1_000, 10_000, 100_000]) {
    for (const [queue, create] of Object.entries(queues))
      oldest.push({ queue, length, 'µs each': usPerItem(create(), length) })
  }
  report.table('A queue: read the oldest item twice, add one, remove the oldest', oldest)
}

interface Measured {
  readonly peakMb: number
  /** Microseconds of CPU time for each item. */
  readonly us: number
}

async function measureChurn(add: AddItem, alive: number, retained: number): Promise<Measured> {
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  const cpu = process.cpuUsage()
  const removals: (() => void)[] = []
  const results: (readonly number[])[] = []
  let peak = 0
  for (let number = 0; number < count; number += 1) {
    const result = numbers.slice(0, 2_000 / bytesPerNumber)
    const rest = numbers.slice(0, 3_000 / bytesPerNumber)
    removals.push(add({ id: `exe_${number}`, result, rest }))
    if (retained > 0) results[number % retained] = result
    // Executions end roughly in the order in which they began.
    if (removals.length > alive) removals.splice(Math.floor(Math.random() * Math.min(8, alive)), 1)[0]!()
    if (number % 64 === 0) peak = Math.max(peak, process.memoryUsage().heapUsed)
    if (number % 1_024 === 0) await setImmediate()
  }
  const { user, system } = process.cpuUsage(cpu)
  return { peakMb: (peak - before) / 1024 ** 2, us: (user + system) / count }
}

/** Queue under test. */
interface Queue {
  readonly add: (item: Item) => void
  readonly oldest: () => Item | undefined
  readonly removeOldest: () => void
}

const queues: Record<string, () => Queue> = {
  Set() {
    const items = new Set<Item>()
    const oldest = (): Item | undefined => items.values().next().value
    return { add: (item) => items.add(item), oldest, removeOldest: () => items.delete(oldest()!) }
  },
  'array, shift'() {
    const items: Item[] = []
    return { add: (item) => items.push(item), oldest: () => items[0], removeOldest: () => items.shift() }
  },
  Fifo() {
    const items = new Fifo<Item>()
    return { add: (item) => items.add(item), oldest: () => items.at(0), removeOldest: () => items.take() }
  },
}

/** Returns the microseconds of CPU time for each item that passes through a queue of this length. */
function usPerItem({ add, oldest, removeOldest }: Queue, length: number): number {
  for (let number = 0; number < length; number += 1) add(emptyItem(number))
  const cpu = process.cpuUsage()
  for (let number = 0; number < count; number += 1) {
    oldest()
    oldest()
    add(emptyItem(length + number))
    removeOldest()
  }
  const { user, system } = process.cpuUsage(cpu)
  return (user + system) / count
}

function emptyItem(number: number): Item {
  return { id: `exe_${number}`, result: [], rest: [] }
}
