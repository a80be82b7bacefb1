import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take longest, because they generate tests, wait for takeovers or start many processes. */
const long =
  /\/tests\/(?:chaos|durable|fuzz|replay)\/|\/(?:api-keys|durable-recipes|embedded-postgres|takeover)[.\w]*\.ts$/

const isLong = ({ moduleId }: TestSpecification): boolean => long.test(moduleId)

/** Order of the files of a run: the longest ones first, so that no worker is left alone with one of them at the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}
