/**
 * Setup of the unit tests. A test that starts a process or opens a socket fails. Generated values are the same in each
 * run, so that only a change of the code makes a test fail. Fake timers end with the test, because the files of a
 * worker share its globals and modules.
 */
import { ChildProcess } from 'node:child_process'
import { Server, Socket } from 'node:net'

import { configureGlobal } from 'fast-check'
import { afterEach, vi } from 'vitest'

function refuse(action: string): never {
  throw new Error(`A unit test ${action}; name its file *.integration.test.ts`)
}

Object.assign(Server.prototype, { listen: () => refuse('listens on a socket') })
Object.assign(Socket.prototype, { connect: () => refuse('opens a socket') })
Object.assign(ChildProcess.prototype, { spawn: () => refuse('starts a process') })

configureGlobal({ seed: 1 })

afterEach(() => void vi.useRealTimers())
