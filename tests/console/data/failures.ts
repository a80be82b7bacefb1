import type { Codemode, ExecuteOptions } from '@codemode/client'
import type { ExecutionErrorCode } from '@codemode/shared'

import { pollUntil } from '../support/poll-until.ts'

interface Failure {
  readonly error: ExecutionErrorCode
  readonly code: string
  readonly options?: ExecuteOptions
}

const nested = `
function discountOf(customer) {
  // The third customer has no plan.
  return customer.plan.discount
}

async function pricesFor(names) {
  const customers = [{ plan: { discount: 5 } }, { plan: { discount: 0 } }, { name: names[2] }]
  return customers.map((customer) => 100 - discountOf(customer))
}

console.log('computing prices')
const prices = await pricesFor(['ada', 'grace', 'emmy'])
return prices
`.trim()

const withCauses = `
async function load(name) {
  try {
    return await tools.payments.charge({ name, cents: 100 })
  } catch (cause) {
    throw new Error(\`The payment of \${name} failed\`, { cause })
  }
}
const results = await Promise.allSettled(['ada', 'grace'].map(load))
throw new AggregateError(results.map(({ reason }) => reason), 'No payment was made')
`.trim()

const failures = {
  syntaxError: {
    error: 'SYNTAX_ERROR',
    code: "const orders = await tools.orders.list({ customer: 'ada' })\nconst names = orders.map(({ id }) => {\n  return id\n)\nreturn names",
  },
  thrown: { error: 'GUEST_ERROR', code: nested },
  toolError: {
    error: 'GUEST_ERROR',
    code: "await tools.orders.list({ customer: 'ada' })\nawait tools.payments.charge({ cents: 1_950 })\nreturn 'paid'",
  },
  toolTimeout: {
    error: 'GUEST_ERROR',
    code: 'return await tools.reports.render({ pages: 3 })',
    options: { toolTimeoutMs: 200 },
  },
  causes: { error: 'GUEST_ERROR', code: withCauses },
  notAnError: { error: 'GUEST_ERROR', code: "throw { status: 503, body: ['busy'] }" },
  cpuTimeout: {
    error: 'CPU_TIMEOUT',
    code: "console.log('searching')\nlet n = 0\nwhile (n >= 0) {\n  n = (n + 1) % 1_000\n}",
    options: { cpuTimeoutMs: 150 },
  },
  memoryLimit: {
    error: 'MEMORY_LIMIT',
    code: "const rows = []\nfor (;;) rows.push({ id: rows.length, text: 'x'.repeat(100) + rows.length })",
    options: { memoryLimitMb: 16 },
  },
  wallTimeout: {
    error: 'EXECUTION_TIMEOUT',
    code: "console.log('waiting for the night')\nawait sleep(60_000)",
    options: { executionTimeoutMs: 400 },
  },
  withoutAnswer: {
    error: 'CPU_TIMEOUT',
    code: "for (let n = 1; n <= 7; n++) tools.reports.render({ pages: 50 + n })\nawait tools.mail.send({ to: 'x@example.com', text: 'begun' })\nfor (;;) {}",
    options: { cpuTimeoutMs: 150 },
  },
  tooManyCalls: {
    error: 'TOO_MANY_TOOL_CALLS',
    code: "const names = ['ada', 'grace', 'emmy', 'sofia']\nfor (const name of names) {\n  await tools.customers.find({ name })\n}",
    options: { maxToolCalls: 3 },
  },
  tooManyTimers: { error: 'TOO_MANY_TIMERS', code: 'for (let n = 0; n < 20_000; n++) setTimeout(() => {}, 60_000)' },
  journalTooLarge: {
    error: 'JOURNAL_TOO_LARGE',
    code: "const page = 'x'.repeat(2 ** 20 - 2)\nfor (let n = 0; n < 100; n++) tools.stock.count(page)\nawait sleep(1)",
  },
  resultTooLarge: { error: 'RESULT_TOO_LARGE', code: "return 'x'.repeat(2 ** 21)" },
  notSerializable: {
    error: 'RESULT_NOT_SERIALIZABLE',
    code: "const order = { id: 7n, lines: [] }\nreturn { status: 'ok', order }",
  },
  neverSettles: {
    error: 'NEVER_SETTLES',
    code: "console.log('waiting for nobody')\nawait new Promise((resolve) => {})",
  },
} as const satisfies Record<string, Failure>

/**
 * Runs an attached execution for each failure that code can cause by itself. Returns their ids. Throws if one of them fails in
 * another way.
 */
export async function makeFailures(client: Codemode): Promise<Record<keyof typeof failures | 'cancelled', string>> {
  const failed = Object.entries<Failure>(failures).map(async ([name, { error: expected, code, options }]) => {
    const result = await client.run(code, { label: name, ...options })
    const { executionId } = result
    const error = 'error' in result ? result.error : undefined
    if (error?.code !== expected) throw new Error(`${name}: ${error?.code} ${error?.message}, not ${expected}`)
    return [name, executionId] as const
  })
  const [cancelled, ...ids] = await Promise.all([makeCancelled(client), ...failed])
  return { ...(Object.fromEntries(ids) as Record<keyof typeof failures, string>), cancelled }
}

async function makeCancelled(client: Codemode): Promise<string> {
  const code = "console.log('exporting')\nfor (let n = 0; ; n++) await sleep(100)"
  const execution = await client.submit(code, { label: 'cancelled' })
  await pollUntil(async () => (await execution.record()).logs.length > 0)
  await execution.cancel('nobody needs the export')
  await execution.wait()
  return execution.id
}
