/** Unit test of a user, which both Jest and Vitest run with their global functions. */
import { Codemode, ExecutionError, MockExecutor } from '@codemode/client'

test('a program is tested with a mock of the executor', async () => {
  const executor = new MockExecutor({
    responses: [
      { code: /price/, result: (_request, callTool) => callTool('price', { article: 'pen' }) },
      { code: 'null.x', error: { name: 'TypeError', message: 'x of null' } },
    ],
  })
  const codemode = Codemode.fromClientConfig({ executor, tools: { price: ({ article }) => article.length } })
  expect(await codemode.executeAsync('the price, please')).toBe(3)
  await expect(codemode.executeAsync('null.x')).rejects.toBeInstanceOf(ExecutionError)
  expect(executor.calls.length).toBe(2)
  await codemode.close()
})
