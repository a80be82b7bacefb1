import { apiKey } from '@codemode/testkit'

interface ConsoleRequest {
  readonly method?: string
  readonly body?: unknown
  readonly cookie?: string
  readonly headers?: Record<string, string>
}

/** Sends a request to the API of a console as its page does. */
export async function consoleApi(
  executor: { readonly url: string },
  path: string,
  { method, body, cookie, headers = {} }: ConsoleRequest = {},
  // Tests read the parts that they expect from a body; a missing part fails the test.
  // oxlint-disable-next-line typescript/no-explicit-any
): Promise<{ status: number; headers: Headers; body: any }> {
  const response = await fetch(`${executor.url}/console/api${path}`, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/json',
      ...(cookie !== undefined && { cookie }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}

/** Signs in to a console with an API key, and returns the cookie, which is empty if the key is refused. */
export async function signIn(executor: { readonly url: string }, key: string = apiKey): Promise<string> {
  const { headers } = await consoleApi(executor, '/sign-in', { body: { apiKey: key } })
  return headers.get('set-cookie')?.split(';', 1)[0] ?? ''
}
