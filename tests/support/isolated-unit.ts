/**
 * Setup of the unit tests: one that starts a process or opens a socket fails, and generated values are the same in each
 * run, so that only a change of the code makes a test fail.
 */
import { ChildProcess } from 'node:child_process'
import { Server, Socket } from 'node:net'

import { configureGlobal } from 'fast-check'

function refuse(what: string): never {
  throw new Error(`A unit test ${what}; name its file *.integration.test.ts`)
}

Object.assign(Server.prototype, { listen: () => refuse('listens on a socket') })
Object.assign(Socket.prototype, { connect: () => refuse('opens a socket') })
Object.assign(ChildProcess.prototype, { spawn: () => refuse('starts a process') })

configureGlobal({ seed: 1 })
