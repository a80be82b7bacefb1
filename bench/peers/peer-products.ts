/** Peers that are compared with Codemode. docs/performance.md lists what they leave out, design/peers.md why they are driven so. */
import { execPath } from 'node:process'

import type { Installation } from './installation.ts'
import { JsonConnection } from './json-connection.ts'
import type { Product } from './product.ts'
import { startServer } from './server-process.ts'

/** Expression for the input in products that have no parameter for one: a tool in the same process gives it. */
const inputByTool = 'await tools.input({})'

/** Names of the peers. */
export const peerNames = {
  cloudflare: 'Cloudflare code mode',
  utcp: 'UTCP code mode',
  run: 'Vercel run',
  bare: 'isolated-vm alone',
} as const

/** Returns the peers of an installation. */
export function peerProducts({ folder, workerd }: Installation): Product[] {
  // isolated-vm requires the first option; `run` uses an experimental function of Node, which warns on stderr.
  const options = ['--no-node-snapshot', '--disable-warning=ExperimentalWarning']
  const inNode = (file: string) => ({ program: execPath, args: [...options, file], cwd: folder })
  const inWorkerd = {
    program: workerd,
    args: ['serve', '--experimental', '--control-fd=3', 'workerd.capnp'],
    cwd: folder,
  }
  return [
    peer(peerNames.cloudflare, inWorkerd),
    peer(peerNames.utcp, inNode('utcp.mjs')),
    peer(peerNames.run, inNode('run.mjs')),
    peer(peerNames.bare, inNode('bare.mjs')),
  ]
}

interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly cwd: string
}

function peer(name: string, { program, ...options }: Command): Product {
  return {
    name,
    async start() {
      await using stack = new AsyncDisposableStack()
      const { url, pid } = stack.use(await startServer(program, options))
      const connection = stack.use(new JsonConnection(`${url}/run`))
      const started = stack.move()
      return {
        pid,
        async execute({ code, input }) {
          const response = await connection.post({ code: code(inputByTool), input })
          const { value, error } = response as { readonly value?: unknown; readonly error?: string }
          if (error !== undefined) throw new Error(error)
          return value
        },
        [Symbol.asyncDispose]: () => started.disposeAsync(),
      }
    },
  }
}
