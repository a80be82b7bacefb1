import type { Locator, Page } from 'playwright-core'

/** Ids on which the writes are tried. */
interface Targets {
  readonly ended: string
  readonly attention: string
  /** Execution whose first call waits for an approval. */
  readonly paused: string
  readonly session: string
}

/** Returns the requests that change something, each as its path below the API and its body. */
export function writesOf({ ended, attention, paused, session }: Targets): { path: string; body: object }[] {
  return [
    { path: '/executions', body: { code: 'return 1' } },
    { path: `/executions/${paused}/cancel`, body: {} },
    { path: `/executions/${ended}/retry`, body: {} },
    { path: `/executions/${ended}/retry`, body: { code: 'return 2' } },
    { path: `/executions/${attention}/wake`, body: {} },
    { path: `/executions/${paused}/approvals/${paused}:1`, body: { decision: 'approve', inputHash: 'f'.repeat(64) } },
    { path: '/sessions', body: {} },
    { path: `/sessions/${session}/steps`, body: { code: 'return 3' } },
  ]
}

type Writes = readonly { readonly path: string; readonly body: object }[]

/** Sends the requests from the page, as a script of the page would. Resolves with the status and the text of each response. */
export function responsesTo(page: Page, api: string, writes: Writes): Promise<{ status: number; text: string }[]> {
  return page.evaluate(`Promise.all(${JSON.stringify(writes)}.map(async ({ path, body }) => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch('${api}' + path, { method: 'POST', headers, body: JSON.stringify(body) })
    return { status: response.status, text: await response.text() }
  }))`)
}

/** Does the same, and resolves with the statuses. */
export async function statusesOf(page: Page, api: string, writes: Writes): Promise<number[]> {
  return (await responsesTo(page, api, writes)).map(({ status }) => status)
}

/** Returns the controls of the page that change something on the executor. */
export function writeControls(page: Page): Locator {
  const names = /^(Cancel|Retry|Retry with changes…|Try to continue|Approve|Edit and approve|Reject|Respond|Run)/
  const buttons = page
    .getByRole('main')
    .getByRole('button', { name: names })
    .and(page.locator(':not(.segments[aria-label=Status] *)'))
  return buttons.or(page.getByRole('checkbox')).or(page.locator('form textarea'))
}
