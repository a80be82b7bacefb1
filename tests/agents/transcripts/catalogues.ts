/** Five catalogues of tools with fixed data, for transcripts. */
import { tool, type Tool } from '@codemode/client'
import { z } from 'zod'

import { githubTools } from '../catalogue.ts'

const page = z.int().min(1).default(1).describe('Page of 20 items')
const day = z.iso.date().describe('Day, such as 2026-12-01')

const weather = {
  forecast: tool({
    description: 'Returns the forecast of a city for some days.',
    inputSchema: z.object({ city: z.string(), days: z.int().min(1).max(7).default(1) }),
    execute: ({ city, days }) => ({
      city,
      days: Array.from({ length: days }, (_, i) => ({
        day: i + 1,
        celsius: city.length + i,
        wind: 3 + i,
        sky: 'cloudy',
      })),
    }),
  }),
  alerts: tool({
    description: 'Returns the warnings of the weather service for a region.',
    inputSchema: z.object({ region: z.string() }),
    execute: ({ region }) => [{ region, level: 'yellow', text: 'Gusts of wind in the evening.' }],
  }),
  geocode: tool({
    description: 'Returns the coordinates of a place.',
    inputSchema: z.object({ place: z.string() }),
    execute: ({ place }) => ({ place, latitude: 59.9, longitude: 10.7 }),
  }),
}

const orderOf = (customer: string, n: number) => ({
  id: `${customer}-${n}`,
  customer,
  placed_at: `2026-11-${String((n % 28) + 1).padStart(2, '0')}T09:30:00Z`,
  status: n % 4 === 0 ? 'unpaid' : 'paid',
  cents: 1_000 + 37 * n,
  shipping: { street: `${n} Main Street`, city: 'Oslo', country: 'NO' },
  items: [
    { product: `p-${n}`, quantity: 1 },
    { product: `p-${n + 1}`, quantity: 2 },
  ],
})

const shop = {
  list_customers: tool({
    description: 'Lists the customers.',
    inputSchema: z.object({ page }),
    execute: () =>
      Array.from({ length: 20 }, (_, i) => ({ id: `c${i}`, name: `Customer ${i}`, email: `c${i}@shop.example` })),
  }),
  list_orders: tool({
    description: 'Lists the orders of a customer, newest first, 20 on a page. The last page has fewer.',
    inputSchema: z.object({ customer: z.string(), page }),
    execute: ({ customer, page: number }) =>
      Array.from({ length: number < 5 ? 20 : 4 }, (_, i) => orderOf(customer, 20 * (number - 1) + i)),
  }),
  get_order: tool({
    description: 'Returns an order with the messages about it.',
    inputSchema: z.object({ id: z.string() }),
    execute: ({ id }) => ({
      ...orderOf(id, 3),
      messages: [{ from: 'customer', text: 'The lamp arrived broken. I sent photos last week.' }],
    }),
  }),
  refund: tool({
    description: 'Refunds an order.',
    inputSchema: z.object({ id: z.string(), reason: z.string() }),
    execute: ({ id }) => ({ id, status: 'refunded' }),
  }),
  get_product: tool({
    description: 'Returns a product.',
    inputSchema: z.object({ id: z.string() }),
    execute: (input) => input,
  }),
  update_stock: tool({
    description: 'Sets the stock of a product.',
    inputSchema: z.object({ id: z.string(), stock: z.int() }),
    execute: (input) => input,
  }),
  send_email: tool({
    description: 'Sends an email to a customer.',
    inputSchema: z.object({ to: z.email(), subject: z.string(), body: z.string() }),
    execute: () => ({ sent: true }),
  }),
}

const calendar = {
  list_events: tool({
    description: 'Lists the events of a person on a day.',
    inputSchema: z.object({ person: z.string(), day }),
    execute: ({ person }) =>
      [9, 11, 14].map((hour, i) => ({
        id: `${person}-${hour}`,
        title: `Meeting ${i + 1}`,
        from: hour + (person.length % 2),
        to: hour + 1 + (person.length % 2),
        room: `R${i}`,
        attendees: [person, 'office@example.com'],
      })),
  }),
  create_event: tool({
    description: 'Creates an event. Hours are from 0 to 23.',
    inputSchema: z.object({ title: z.string(), day, from: z.int(), to: z.int(), people: z.array(z.string()) }),
    execute: (input) => ({ id: 'e-1', ...input }),
  }),
  delete_event: tool({
    description: 'Deletes an event.',
    inputSchema: z.object({ id: z.string() }),
    execute: (input) => input,
  }),
  list_people: tool({
    description: 'Lists the people of the team.',
    inputSchema: z.object({}),
    execute: () => ['ada', 'bea', 'carl', 'dana', 'emil'],
  }),
}

const lines = (n: number): string =>
  Array.from({ length: 40 }, (_, i) =>
    i % (9 + (n % 4)) === 0 ? `// TODO: handle case ${i} of module ${n}` : `const value${i} = compute(${i}, ${n})`,
  ).join('\n')

const files = {
  list_directory: tool({
    description: 'Lists the files of a directory.',
    inputSchema: z.object({ path: z.string() }),
    execute: ({ path }) => Array.from({ length: 25 }, (_, i) => ({ path: `${path}/module-${i}.ts`, bytes: 1_400 + i })),
  }),
  read_file: tool({
    description: 'Returns the text of a file.',
    inputSchema: z.object({ path: z.string() }),
    execute: ({ path }) =>
      path.endsWith('.md')
        ? `# Minutes\n\n${'The team agreed to move the release by a week, and to test it with two customers first. '.repeat(60)}`
        : lines(Number(/\d+/.exec(path)?.[0] ?? 0)),
  }),
  write_file: tool({
    description: 'Writes a text file.',
    inputSchema: z.object({ path: z.string(), text: z.string() }),
    execute: ({ path }) => ({ path }),
  }),
  search_files: tool({
    description: 'Returns the paths of files whose name has a text.',
    inputSchema: z.object({ path: z.string(), text: z.string() }),
    execute: () => [],
  }),
  move_file: tool({
    description: 'Moves a file.',
    inputSchema: z.object({ from: z.string(), to: z.string() }),
    execute: (input) => input,
  }),
}

const issueOf = (number: number) => ({
  number,
  title: `Something fails in case ${number}`,
  state: 'open',
  updated_at: number % 2 === 0 ? '2025-01-10T08:00:00Z' : '2026-11-10T08:00:00Z',
  user: { login: 'ada', id: 1, url: 'https://api.github.com/users/ada' },
  labels: [{ name: 'bug', color: 'ff0000' }],
  body: 'Steps to reproduce: open the page, press the button twice, and look at the console.',
  html_url: `https://github.com/acme/app/issues/${number}`,
})

const github: Record<string, Tool> = {
  ...githubTools(),
  'issues.list-for-repo': {
    ...githubTools()['issues.list-for-repo'],
    execute: () => Array.from({ length: 24 }, (_, i) => issueOf(i + 1)),
  },
  'issues.update': {
    ...githubTools()['issues.update'],
    execute: ({ issue_number: number }) => ({ ...issueOf(number), state: 'closed' }),
  },
}

export const catalogues: Readonly<Record<string, Readonly<Record<string, Tool>>>> = {
  weather,
  shop,
  calendar,
  files,
  github,
}
