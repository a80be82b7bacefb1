import { Session, type Profiler } from 'node:inspector/promises'

import type { Stall } from './stall-meter.ts'

const samplingUs = 500
/** Number of the longest stalls that are examined. */
const examined = 5

/** Distribution of the CPU time of the longest stalls: milliseconds by function, in descending order. */
export interface ProfiledStalls {
  /** Time in the function itself. */
  readonly self: readonly string[]
  /** Time in the function and its callees, for functions of this repository only. */
  readonly total: readonly string[]
}

/** CPU profile that is being recorded. */
export interface StallProfile {
  end(stalls: readonly Stall[]): Promise<ProfiledStalls>
}

/** Records a CPU profile of this process until `end` is called. */
export async function profileStalls(): Promise<StallProfile> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: samplingUs })
  await session.post('Profiler.start')
  return {
    async end(stalls) {
      const { profile } = await session.post('Profiler.stop')
      session.disconnect()
      const longest = stalls.toSorted((a, b) => b.cpuMs - a.cpuMs).slice(0, examined)
      return timesWithin(profile, longest)
    },
  }
}

function timesWithin(profile: Profiler.Profile, stalls: readonly Stall[]): ProfiledStalls {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const parents = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  )
  const self = new Map<string, number>()
  const total = new Map<string, number>()
  let atUs = profile.startTime
  for (const [i, id] of (profile.samples ?? []).entries()) {
    const tookUs = profile.timeDeltas?.[i + 1] ?? samplingUs
    atUs += profile.timeDeltas?.[i] ?? 0
    const isStalled = stalls.some(({ endUs, wallMs }) => atUs <= endUs && atUs >= endUs - wallMs * 1_000)
    if (!isStalled) continue
    const stack: string[] = []
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) stack.push(nameOf(nodes.get(at)!))
    add(self, stack[0]!, tookUs)
    for (const name of new Set(stack)) if (name.includes('packages/')) add(total, name, tookUs)
  }
  return { self: most(self), total: most(total) }
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: Profiler.ProfileNode): string {
  const place = url.replace(/^.*\/(packages|node_modules)\//, '$1/')
  return `${functionName || 'anonymous'}${place === '' ? '' : ` ${place}:${lineNumber + 1}`}`
}

function add(times: Map<string, number>, name: string, us: number): void {
  times.set(name, (times.get(name) ?? 0) + us)
}

function most(times: ReadonlyMap<string, number>): string[] {
  const sorted = [...times].toSorted((a, b) => b[1] - a[1]).slice(0, 8)
  return sorted.map(([name, us]) => `${(us / 1_000).toFixed(0)} ms ${name}`)
}
