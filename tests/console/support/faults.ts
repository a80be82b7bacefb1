import type { BrowserContext, Page, Request } from 'playwright-core'

/** Faults of the pages of a context, as texts for a person. */
export interface Faults {
  /** Faults so far that the test does not expect. */
  readonly found: readonly string[]
  /** Allows responses with this status, such as that to a wrong key. */
  readonly allowStatus: (status: number) => void
  /** Forgets the faults so far, which the test has caused on purpose. */
  readonly clear: () => void
}

/** Name of the function by which a page reports a violation of its content security policy. */
const reporter = '__reportViolation'

/**
 * Collects what no page of the console may do: write an error or a warning to the browser's console, throw, violate its content
 * security policy, or make a request that fails.
 */
export async function collectFaults(context: BrowserContext): Promise<Faults> {
  const found: string[] = []
  const allowed = new Set<number>()
  await context.exposeBinding(reporter, (_source, violation: string) => void found.push(`CSP: ${violation}`))
  await context.addInitScript(`addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) => {
    ${reporter}(violatedDirective + ' blocked ' + blockedURI + ' ' + sample)
  })`)
  context.on('page', (page: Page) => page.on('pageerror', ({ stack }) => found.push(`page error: ${stack}`)))
  context.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type())) return
    // The browser writes an error for each response with a status of failure, which `response` reports.
    if (message.text().startsWith('Failed to load resource:')) return
    found.push(`console ${message.type()}: ${message.text()}`)
  })
  context.on('response', (response) => {
    if (response.status() < 400 || allowed.has(response.status())) return
    found.push(`${response.status()} of ${describe(response.request())}`)
  })
  context.on('requestfailed', (request) => {
    // A page that is left aborts what it has not read.
    const reason = request.failure()?.errorText
    if (reason !== 'net::ERR_ABORTED') found.push(`${reason} of ${describe(request)}`)
  })
  return {
    found,
    allowStatus: (status) => void allowed.add(status),
    clear: () => void found.splice(0),
  }
}

const describe = (request: Request): string => `${request.method()} ${request.url()}`
