// Worker with Cloudflare's code mode, for workerd. The requests and the responses are those of listen.mjs.
import { DynamicWorkerExecutor } from '@cloudflare/codemode'

const toolsFor = (input) => ({
  echo: async (value) => value,
  wait: async ({ ms }) => {
    await scheduler.wait(ms)
    return { ms }
  },
  input: async () => input,
})

export default {
  async fetch(request, { LOADER: loader }) {
    const { code, input } = await request.json()
    const executor = new DynamicWorkerExecutor({ loader })
    const program = `async () => {${code}\n}`
    const { result, error } = await executor.execute(program, [{ name: 'tools', fns: toolsFor(input) }])
    return Response.json(error === undefined ? { value: result } : { error })
  },
}
