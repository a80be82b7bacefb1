/** Program that serves the tools of a client, and starts no execution. Its tool `whoami` answers with its process id. */
import process from 'node:process'

import { Codemode } from '@codemode/client'

const codemode = Codemode.fromEnv({ tools: { whoami: () => process.pid } })
await codemode.serveTools()
process.stdout.write('ready\n')
// Its listener alone does not keep a process alive.
setInterval(() => {}, 60_000)
