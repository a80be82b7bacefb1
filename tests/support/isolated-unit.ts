/** Keeps the unit tests what they are: one that starts a process or opens a socket fails. */
import { ChildProcess } from 'node:child_process'
import { Server, Socket } from 'node:net'

function refuse(what: string): never {
  throw new Error(`A unit test ${what}; name its file *.integration.test.ts`)
}

Object.assign(Server.prototype, { listen: () => refuse('listens on a socket') })
Object.assign(Socket.prototype, { connect: () => refuse('opens a socket') })
Object.assign(ChildProcess.prototype, { spawn: () => refuse('starts a process') })
