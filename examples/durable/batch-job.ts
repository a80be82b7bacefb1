/**
 * Runs batch jobs that outlive this program and the executor, and reports on each of them, however it ended. Kill the
 * program or the executor at any moment and start it again: the jobs go on, and each report is written once.
 *
 *     export CODEMODE_EXECUTOR_URL=http://127.0.0.1:8001 CODEMODE_EXECUTOR_API_KEY=try-it-out-locally
 *     node_modules/.bin/node --conditions=@codemode/source examples/durable/batch-job.ts [name of the run]
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv, env } from 'node:process'
import { setTimeout } from 'node:timers/promises'

import { Codemode, type ExecutionResult, type ExecutionSummary } from '@codemode/client'

const run = argv[2] ?? 'first run'
const port = Number(env['JOBS_PORT'] ?? 8102)
const folder = join(env['JOBS_FOLDER'] ?? join(tmpdir(), 'codemode-jobs'), run)
const workOf = (job: string) => join(folder, 'work', job)
const reportOf = (job: string) => join(folder, `${job}.json`)

/** Jobs of a run. In an application a language model writes the code. */
const jobs: Readonly<Record<string, { readonly code: string; readonly expiresAfterMs: number }>> = {
  good: {
    code: 'for (let row = 1; row <= 12; row++) await tools.convert({ row }); return "12 rows"',
    expiresAfterMs: 86_400_000,
  },
  broken: {
    code: 'await tools.convert({ row: 1 }); throw new RangeError("row 2 is empty")',
    expiresAfterMs: 86_400_000,
  },
  endless: { code: 'for (let row = 1; ; row++) await tools.convert({ row })', expiresAfterMs: 2_000 },
}

await using codemode = Codemode.fromEnv({
  // The executor calls this address again after a restart of the program, which then needs the same secret.
  toolServer: {
    port,
    url: `http://127.0.0.1:${port}/`,
    secret: env['JOBS_SECRET'] ?? 'only-for-trying-it-out-on-this-machine',
  },
  executionTimeoutMs: 300_000,
  toolTimeoutMs: 120_000, // longer than a restart of the program takes
  retry: { maxAttempts: 100, backoffMaxMs: 1_000 }, // outlasts a restart of the executor
  tools: {
    // A call that was under way at a crash is repeated, and writes the same file again. A call that is under way when
    // its job ends does not write, because the folder is gone.
    async convert({ row }: { row: number }, { context, signal }) {
      await nextTurn(signal)
      const job = context['job'] as string
      await writeFile(join(workOf(job), `row-${row}`), `row ${row}, converted`)
      console.log(`converted row ${row} of ${job}`)
    },
  },
})

/** Time of the next call: all jobs together convert ten rows a second. */
let nextAt = 0

/** Resolves when the rate limit allows another call. */
async function nextTurn(signal: AbortSignal): Promise<void> {
  const at = Math.max(nextAt, Date.now())
  nextAt = at + 100
  await setTimeout(Math.max(0, at - Date.now()), undefined, { signal })
}

/** Returns the key of a job: the same one after a restart, so that the job is not submitted twice. */
const keyOf = (job: string) => `${run}/${job}`

/**
 * Writes the report of a job that has ended, and removes the files of the job. A restart repeats what is missing. This
 * is not done by a `finally` in the code, because code that is stopped by a timeout runs no `finally`.
 */
async function finish(job: string, result: ExecutionResult): Promise<void> {
  const work = workOf(job)
  if (!existsSync(reportOf(job))) {
    const rows = (await readdir(work)).length
    const outcome = result.success
      ? { status: 'completed', value: result.result }
      : { status: result.status === 'paused' ? 'paused' : result.error.code }
    await writeFile(`${reportOf(job)}.part`, JSON.stringify({ id: result.executionId, ...outcome, rows }))
    await rename(`${reportOf(job)}.part`, reportOf(job))
  }
  await rm(work, { recursive: true, maxRetries: 3 })
}

for (const job of Object.keys(jobs)) await mkdir(workOf(job), { recursive: true })
await Promise.all(
  Object.entries(jobs).map(async ([job, { code, expiresAfterMs }]) => {
    const options = { detached: true, idempotencyKey: keyOf(job), label: run, expiresAfterMs }
    const execution = await codemode.withContext({ job }).submit(code, options)
    await finish(job, await execution.wait())
  }),
)

// Any process that has the API key can ask: by label, by id, or by the key of the job.
const listed: ExecutionSummary[] = []
for await (const summary of codemode.listExecutions({ label: run })) listed.push(summary)
for (const { executionId, owner, status } of listed) console.log(`${executionId} of ${owner}: ${status}`)
assert.equal(listed.length, Object.keys(jobs).length)
const good = await codemode.getExecution({ idempotencyKey: keyOf('good') })
assert(good.result?.success === true && good.result.result === '12 rows')

const reports = await Promise.all(
  Object.keys(jobs).map(async (job) => JSON.parse(await readFile(reportOf(job), 'utf8'))),
)
assert.deepEqual(
  reports.map(({ status }: { status: string }) => status),
  ['completed', 'GUEST_ERROR', 'EXECUTION_TIMEOUT'],
)
assert.equal((await readdir(join(folder, 'work'))).length, 0)
console.log(`three reports in ${folder}`)
