/** Goals of the comparison with the peers. */
import type { Goal } from '../goals.ts'
import { peerNames } from './peer-products.ts'
import { waitMs } from './programs.ts'
import type { ProductSamples } from './results.ts'
import type { LoadSample } from './load.ts'
import type { LoadWorkloadKey } from './workloads.ts'

interface PeerGoal {
  readonly peer: keyof typeof peerNames
  readonly what: string
  readonly workload: LoadWorkloadKey
  readonly bound: Goal['bound']
  readonly limit: number
  readonly value: (sample: LoadSample) => number
}

const p50 = ({ p50Ms }: LoadSample): number => p50Ms
const perSecond = ({ perSecond }: LoadSample): number => perSecond

const peerGoals: readonly PeerGoal[] = [
  {
    peer: 'cloudflare',
    what: '2 + 2, one at a time: p50',
    workload: 'trivial',
    bound: 'at most',
    limit: 0.25,
    value: p50,
  },
  {
    peer: 'cloudflare',
    what: '2 + 2, 16 in flight: rate',
    workload: 'trivialInFlight',
    bound: 'at least',
    limit: 5,
    value: perSecond,
  },
  {
    peer: 'cloudflare',
    what: '10 calls in a row: p50',
    workload: 'callsInARow',
    bound: 'at most',
    limit: 1,
    value: p50,
  },
  {
    peer: 'cloudflare',
    what: '10 calls in parallel: p50',
    workload: 'callsInParallel',
    bound: 'at most',
    limit: 0.6,
    value: p50,
  },
  {
    peer: 'cloudflare',
    what: `100 waiting: time beyond the ${waitMs} ms of the tool`,
    workload: 'waiting',
    bound: 'at most',
    limit: 0.6,
    value: ({ wallMs }) => wallMs - waitMs,
  },
  { peer: 'utcp', what: '2 + 2, one at a time: p50', workload: 'trivial', bound: 'at most', limit: 0.4, value: p50 },
  {
    peer: 'utcp',
    what: '2 + 2, 16 in flight: rate',
    workload: 'trivialInFlight',
    bound: 'at least',
    limit: 3,
    value: perSecond,
  },
]

/** Returns the goals with the ratios that were measured in each round; a round in which executions failed has no ratio, and the goal is not met. */
export function goalsBesidePeers(products: readonly ProductSamples[]): Goal[] {
  const ours = products[0]!
  return peerGoals.map(({ peer, what, workload, bound, limit, value }) => {
    const theirs = products.find(({ name }) => name === peerNames[peer])!.loads[workload]
    const values = ours.loads[workload].map((sample, round) => value(sample) / value(theirs[round]!))
    return { goal: what, unit: `× ${peerNames[peer]}`, bound, limit, values }
  })
}
