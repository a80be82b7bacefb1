// Plain isolated-vm: an isolate for each request, with the tools and nothing else around it. Values cross as JSON. As many
// processes as cores share the port.
import cluster from 'node:cluster'
import { availableParallelism } from 'node:os'
import process from 'node:process'

import ivm from 'isolated-vm'

import { listen, reportPort, toolsFor } from './listen.mjs'

const memoryLimit = 128
const timeout = 30_000
const setUp = `
  const [call, names] = [$0, $1]
  globalThis.tools = {}
  for (const name of names) {
    tools[name] = async (value) => {
      return JSON.parse(await call.apply(undefined, [name, JSON.stringify(value)], { result: { promise: true } }))
    }
  }`
const names = Object.keys(toolsFor())

async function run(code, input) {
  const isolate = new ivm.Isolate({ memoryLimit })
  try {
    const context = await isolate.createContext()
    const tools = toolsFor(input)
    const call = new ivm.Reference(async (name, value) => JSON.stringify(await tools[name](JSON.parse(value))))
    await context.evalClosure(setUp, [call, names], { arguments: { copy: true } })
    const script = await isolate.compileScript(`(async () => JSON.stringify(await (async () => {${code}\n})()))()`)
    return JSON.parse(await script.run(context, { promise: true, timeout }))
  } finally {
    isolate.dispose()
  }
}

if (cluster.isPrimary) {
  const processes = Array.from({ length: availableParallelism() }, () => cluster.fork())
  const ports = processes.map((worker) => new Promise((resolve) => worker.once('message', resolve)))
  reportPort((await Promise.all(ports))[0])
} else {
  listen(run, (port) => process.send(port))
}
