// Failures on the page of an execution: a person sees at the top what failed and why.
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'

import type { ConsoleData } from '../data/console-data.ts'
import { isInView } from '../support/timeline.ts'
import { useConsole } from '../support/use-console.ts'

const suite = useConsole()

interface Expected {
  readonly code: string
  readonly message: string
  readonly hint?: string
  /** Line of the code that failed, with its number. */
  readonly line?: string
  /** Tool calls that have to do with the failure, as the links to them name them. */
  readonly calls?: readonly string[]
}

type Failure = keyof ConsoleData['failures']

const failures: Readonly<Record<Failure, Expected>> = {
  syntaxError: {
    code: 'SYNTAX_ERROR',
    message: "Unexpected token ')'",
    hint: 'Before this ), close what is open: { since line 2.',
    line: '4)',
  },
  thrown: {
    code: 'GUEST_ERROR',
    message: "TypeError: Cannot read properties of undefined (reading 'discount')",
    line: '3  return customer.plan.discount',
  },
  toolError: {
    code: 'GUEST_ERROR',
    message: 'ToolError: The card was declined: insufficient funds.',
    line: '2await tools.payments.charge({ cents: 1_950 })',
    calls: ['payments.charge #2'],
  },
  toolTimeout: {
    code: 'GUEST_ERROR',
    message: 'ToolError: The tool reports.render did not answer within 200 ms',
    line: '1return await tools.reports.render({ pages: 3 })',
    calls: ['reports.render #1'],
  },
  causes: {
    code: 'GUEST_ERROR',
    message: 'AggregateError: No payment was made',
    line: "9throw new AggregateError(results.map(({ reason }) => reason), 'No payment was made')",
    calls: ['payments.charge #2'],
  },
  notAnError: { code: 'GUEST_ERROR', message: 'thrown: {"status":503,"body":["busy"]}' },
  cpuTimeout: { code: 'CPU_TIMEOUT', message: 'the limit is 150 ms (cpuTimeoutMs)' },
  memoryLimit: { code: 'MEMORY_LIMIT', message: 'more than 16 MiB of memory' },
  wallTimeout: { code: 'EXECUTION_TIMEOUT', message: 'did not end within 400 ms of wall time' },
  withoutAnswer: {
    code: 'CPU_TIMEOUT',
    message: 'the limit is 150 ms (cpuTimeoutMs)',
    calls: [1, 2, 3, 4, 5].map((n) => `reports.render #${n}`),
  },
  tooManyCalls: { code: 'TOO_MANY_TOOL_CALLS', message: 'more than 3 tool calls' },
  tooManyTimers: { code: 'TOO_MANY_TIMERS', message: 'the limit is 10000 (timers)' },
  journalTooLarge: { code: 'JOURNAL_TOO_LARGE', message: 'exceeds its limit of 16777216 bytes' },
  resultTooLarge: { code: 'RESULT_TOO_LARGE', message: 'The result has 2097154 bytes as JSON' },
  notSerializable: {
    code: 'RESULT_NOT_SERIALIZABLE',
    message: 'The result at .order.id is a BigInt',
    hint: 'Use String(n), or Number(n) if it is small enough.',
  },
  neverSettles: { code: 'NEVER_SETTLES', message: 'The code waits for a promise that nothing can settle' },
  cancelled: { code: 'CANCELLED', message: 'nobody needs the export' },
}

const summaryOf = (page: Page) => page.getByRole('region', { name: 'Why the execution ended' })

async function expectFailure(page: Page, { code, message, hint, line, calls = [] }: Expected): Promise<void> {
  const summary = summaryOf(page)
  await summary.getByText(code, { exact: true }).waitFor()
  expect(await summary.locator('.failure-title').innerText()).toContain(message)
  expect(await summary.locator('.hint').allInnerTexts()).toEqual(hint === undefined ? [] : [hint])
  expect(await summary.locator('.excerpt-failing').allTextContents()).toEqual(line === undefined ? [] : [`${line}\n`])
  // The whole code below marks the same line.
  const marked = page.getByRole('region', { name: 'Lines of the code' }).locator('[aria-current] > code')
  expect((await marked.allTextContents()).map((text) => text.trim())).toEqual(
    line === undefined ? [] : [line.replace(/^\d+ */, '')],
  )
  expect(await summary.locator('button.link').allInnerTexts()).toEqual(calls)
}

test.each(Object.entries(failures))(
  'the page of an execution says at its top why it failed: %s',
  { tags: ['OP-3'] },
  async (name, expected) => {
    const id = suite.executor.data.failures[name as Failure]
    const { page } = await suite.open({ as: 'ada', path: `/executions/${id}` })
    await expectFailure(page, expected)
    const [status, box] = [page.locator('.badge').first(), await summaryOf(page).boundingBox()]
    expect(await status.innerText()).toBe(name === 'cancelled' ? 'Cancelled' : 'Failed')
    expect(box!.y).toBeLessThan(page.viewportSize()!.height / 2)
  },
)

test(
  'a crash of the sandbox process and a rejection that ends the execution are explained',
  { tags: ['OP-3'] },
  async () => {
    const { crashed, approvals } = suite.executor.data
    const { page } = await suite.open({ as: 'ada', path: `/executions/${crashed}` })
    await expectFailure(page, { code: 'SANDBOX_CRASHED', message: 'The sandbox process crashed while it ran' })
    await page.goto(`${suite.executor.consoleUrl}/executions/${approvals.ended}`)
    await expectFailure(page, { code: 'APPROVAL_REJECTED', message: 'was rejected: This looks like fraud.' })
    expect(await page.locator('.badge').first().innerText()).toBe('Failed')
  },
)

test('an execution that needs attention says why, and offers to try again', { tags: ['OP-3'] }, async () => {
  const { diverged, runtimeUnavailable } = suite.executor.data
  const { page } = await suite.open({ as: 'ada', path: `/executions/${diverged}` })
  await expectFailure(page, { code: 'REPLAY_DIVERGED', message: 'Replay diverged in turn 1' })
  await page.getByRole('button', { name: 'Try to continue' }).waitFor()
  await page.goto(`${suite.executor.consoleUrl}/executions/${runtimeUnavailable}`)
  await expectFailure(page, { code: 'RUNTIME_UNAVAILABLE', message: 'The guest runtime ffff' })
  expect(await page.locator('.badge').first().innerText()).toBe('Needs attention')
})

test(
  'the link to the failed tool call selects its row and brings its details into view',
  { tags: ['OP-3'] },
  async () => {
    const { page } = await suite.open({
      as: 'ada',
      path: `/executions/${suite.executor.data.failures.toolError}`,
      viewport: { width: 390, height: 500 },
    })
    await summaryOf(page).getByRole('button', { name: 'payments.charge #2' }).click()
    const details = page.getByRole('complementary', { name: 'Details of payments.charge' })
    await expect.poll(() => isInView(details.getByRole('heading'))).toBe(true)
    expect(new URL(page.url()).searchParams.get('row')).toBe('call-2')
    expect(await details.getByRole('region', { name: 'Input' }).innerText()).toContain('"cents": 1950')
    expect(await details.getByRole('region', { name: 'Error' }).innerText()).toContain('The card was declined')
  },
)

test('the calls that had no answer when a limit ended the execution are named, and lead to their rows', async () => {
  const { page } = await suite.open({
    as: 'ada',
    path: `/executions/${suite.executor.data.failures.withoutAnswer}`,
  })
  const named = summaryOf(page).getByText('When it ended, these calls had no answer: ')
  expect(await named.innerText()).toMatch(/reports\.render #5 \(\d\S* m?s\) and 2 more$/)
  await named.getByRole('button', { name: 'reports.render #3' }).click()
  await page.getByRole('complementary', { name: 'Details of reports.render' }).getByText('#3 no answer').waitFor()
  await expect.poll(() => isInView(page.locator('#row-call-3'))).toBe(true)
})

test('the stack and the causes of an error open below it', { tags: ['OP-3'] }, async () => {
  const { thrown, causes } = suite.executor.data.failures
  const { page } = await suite.open({ as: 'ada', path: `/executions/${thrown}` })
  await page.getByText('Stack', { exact: true }).click()
  expect(await page.getByRole('region', { name: 'Stack of the error' }).innerText()).toContain('pricesFor')
  await page.goto(`${suite.executor.consoleUrl}/executions/${causes}`)
  await page.getByText('Causes and details', { exact: true }).first().click()
  expect(await page.getByRole('region', { name: 'Causes and details' }).innerText()).toContain('CARD_DECLINED')
})

test('a warning is shown, and its line is marked in the code', { tags: ['OP-3'] }, async () => {
  const { withWarning } = suite.executor.data.successes
  const { page } = await suite.open({ as: 'ada', path: `/executions/${withWarning}` })
  await page.getByRole('list', { name: 'Warnings' }).getByText('CALL_NOT_AWAITED').waitFor()
  expect(await page.locator('.code-warned').innerText()).toContain('tools.mail.send')
  expect(await summaryOf(page).count()).toBe(0)
})
