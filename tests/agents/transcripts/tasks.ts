/** Ten tasks: the calls that a model makes when it calls tools one by one, and the programs that it writes instead. */

/** Call of a tool: its name and its input. */
export type Call = readonly [tool: string, input: object]

export interface Task {
  readonly catalogue: string
  readonly question: string
  /** Calls by round: those of one round are made in parallel, and the model reads all of their outputs. */
  readonly calls: readonly (readonly Call[])[]
  /** Programs, one for each round. */
  readonly programs: readonly string[]
  readonly answer: string
}

const cities = ['Oslo', 'Bergen', 'Trondheim', 'Stavanger', 'Tromsø', 'Bodø', 'Ålesund', 'Kristiansand']
const customers = Array.from({ length: 20 }, (_, i) => `c${i}`)
const people = ['ada', 'bea', 'carl', 'dana', 'emil']
const modules = Array.from({ length: 25 }, (_, i) => `src/module-${i}.ts`)
const stale = Array.from({ length: 12 }, (_, i) => 2 * (i + 1))
const repo = { owner: 'acme', repo: 'app' }

export const tasks: readonly Task[] = [
  {
    catalogue: 'weather',
    question: 'How warm is it in Oslo tomorrow?',
    calls: [[['forecast', { city: 'Oslo', days: 2 }]]],
    programs: [`return await tools.forecast({ city: 'Oslo', days: 2 })`],
    answer: 'It will have 5 degrees in Oslo tomorrow.',
  },
  {
    catalogue: 'weather',
    question: `Which of these cities is the warmest this week: ${cities.join(', ')}?`,
    calls: [cities.map((city) => ['forecast', { city, days: 7 }])],
    programs: [
      `const cities = ${JSON.stringify(cities)}
const forecasts = await Promise.all(cities.map((city) => tools.forecast({ city, days: 7 })))
const means = forecasts.map(({ city, days }) => ({ city, mean: days.reduce((sum, { celsius }) => sum + celsius, 0) / days.length }))
return means.sort((one, other) => other.mean - one.mean).slice(0, 3)`,
    ],
    answer: 'Kristiansand is the warmest, with 15 degrees on average.',
  },
  {
    catalogue: 'shop',
    question: 'What do the unpaid orders of customer c7 cost in total?',
    calls: [1, 2, 3, 4, 5].map((page) => [['list_orders', { customer: 'c7', page }]]),
    programs: [
      `let cents = 0, count = 0
for (let page = 1; ; page++) {
  const orders = await tools.list_orders({ customer: 'c7', page })
  for (const order of orders) if (order.status === 'unpaid') { cents += order.cents; count++ }
  if (orders.length < 20) return { cents, count }
}`,
    ],
    answer: 'The 21 unpaid orders cost 520.80 in total.',
  },
  {
    catalogue: 'shop',
    question: 'Which customers have the most unpaid orders among their 20 newest ones?',
    calls: [[['list_customers', {}]], customers.map((customer) => ['list_orders', { customer }])],
    programs: [
      `const customers = await tools.list_customers({})
const counts = await Promise.all(customers.map(async ({ id, name }) => {
  const orders = await tools.list_orders({ customer: id })
  return { name, unpaid: orders.filter(({ status }) => status === 'unpaid').length }
}))
return counts.sort((one, other) => other.unpaid - one.unpaid).slice(0, 5)`,
    ],
    answer: 'All customers have 5 unpaid orders among their 20 newest ones.',
  },
  {
    catalogue: 'shop',
    question: 'Refund order c3-3 if the complaint about it is justified.',
    calls: [[['get_order', { id: 'c3-3' }]], [['refund', { id: 'c3-3', reason: 'The lamp arrived broken.' }]]],
    programs: [
      `return await tools.get_order({ id: 'c3-3' })`,
      `return await tools.refund({ id: 'c3-3', reason: 'The lamp arrived broken.' })`,
    ],
    answer: 'I refunded the order, because the lamp arrived broken.',
  },
  {
    catalogue: 'calendar',
    question: 'Find an hour on 1 December 2026 in which the whole team is free, and set up a planning meeting.',
    calls: [
      [['list_people', {}]],
      people.map((person) => ['list_events', { person, day: '2026-12-01' }]),
      [['create_event', { title: 'Planning', day: '2026-12-01', from: 8, to: 9, people }]],
    ],
    programs: [
      `const day = '2026-12-01'
const people = await tools.list_people()
const events = (await Promise.all(people.map((person) => tools.list_events({ person, day })))).flat()
for (let from = 8; from < 18; from++) {
  if (events.every((event) => event.to <= from || event.from >= from + 1))
    return await tools.create_event({ title: 'Planning', day, from, to: from + 1, people })
}
return 'no common hour'`,
    ],
    answer: 'The planning meeting is from 8 to 9.',
  },
  {
    catalogue: 'calendar',
    question: 'Put lunch with Bea into my calendar for 2 December 2026 at noon.',
    calls: [[['create_event', { title: 'Lunch with Bea', day: '2026-12-02', from: 12, to: 13, people: ['bea'] }]]],
    programs: [
      `return await tools.create_event({ title: 'Lunch with Bea', day: '2026-12-02', from: 12, to: 13, people: ['bea'] })`,
    ],
    answer: 'Lunch with Bea is in your calendar.',
  },
  {
    catalogue: 'files',
    question: 'How many TODO comments does each module under src have? Name the three with the most.',
    calls: [[['list_directory', { path: 'src' }]], modules.map((path) => ['read_file', { path }])],
    programs: [
      `const list = await tools.list_directory({ path: 'src' })
const counts = await Promise.all(list.map(async ({ path }) => ({ path, todos: (await tools.read_file({ path })).split('TODO').length - 1 })))
return counts.sort((one, other) => other.todos - one.todos).slice(0, 3)`,
    ],
    answer: 'src/module-0.ts, src/module-4.ts and src/module-8.ts have 5 each.',
  },
  {
    catalogue: 'files',
    question: 'Summarise minutes.md in a sentence.',
    calls: [[['read_file', { path: 'minutes.md' }]]],
    programs: [`return await tools.read_file({ path: 'minutes.md' })`],
    answer: 'The release moves by a week, after a test with two customers.',
  },
  {
    catalogue: 'github',
    question: 'Close all open issues of acme/app that nobody has touched since 2025.',
    calls: [
      [['issues.list-for-repo', { ...repo, state: 'open', per_page: 100 }]],
      stale.map((number) => ['issues.update', { ...repo, issue_number: number, state: 'closed' }]),
    ],
    programs: [
      `return [...await tools.$search('list issues of a repository', { limit: 3 }), ...await tools.$search('close an issue', { limit: 3 })]`,
      `const repo = { owner: 'acme', repo: 'app' }
const issues = await tools.issues.list_for_repo({ ...repo, state: 'open', per_page: 100 })
const stale = issues.filter(({ updated_at }) => updated_at < '2026')
await Promise.all(stale.map(({ number }) => tools.issues.update({ ...repo, issue_number: number, state: 'closed' })))
return stale.map(({ number }) => number)`,
    ],
    answer: 'I closed 12 issues.',
  },
]
