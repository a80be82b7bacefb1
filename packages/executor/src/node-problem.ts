import { versions } from 'node:process'

import { nodeVersionProblem } from '@codemode/shared/node-version'

/** Message that this process's Node is older than `engines` of package.json demands; undefined if it is not. */
export const nodeProblem: string | undefined = nodeVersionProblem('@codemode/executor', '26', versions)
