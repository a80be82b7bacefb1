import { existsSync } from 'node:fs'

import { Codemode } from '../codemode.ts'

/** Configuration file that is read if the command line names none. */
const defaultFile = 'codemode.yaml'

/** Returns a client with the configuration of a file, if there is one, and of the environment. */
export async function openClient(config: string | undefined): Promise<Codemode> {
  if (config === undefined && !existsSync(defaultFile)) return Codemode.fromEnv()
  return Codemode.fromConfig(config ?? defaultFile)
}
