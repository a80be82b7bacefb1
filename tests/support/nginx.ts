import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, getuid } from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { freePort } from '@codemode/testkit'

const deployed = fileURLToPath(new URL('../../deploy/nginx.conf', import.meta.url))

/** Load balancer that runs with the configuration of `deploy/`. */
export interface Nginx extends AsyncDisposable {
  readonly url: string
}

/** Starts nginx with the configuration of `deploy/`, in which only addresses and folders are replaced. */
export async function startNginx(nodes: readonly { readonly url: string }[]): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'codemode-nginx-'))
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  )
  let text = await readFile(deployed, 'utf8')
  const replace = (from: string, to: string): void => {
    if (!text.includes(from)) throw new Error(`deploy/nginx.conf has no "${from}", which this test replaces`)
    text = text.replace(from, to)
  }
  replace('http {', `http {\naccess_log off;\n${temporary.join('\n')}`)
  replace('listen 8000;', `listen 127.0.0.1:${port};`)
  for (const [n, { url }] of nodes.entries()) replace(`executor-${n + 1}:8001`, new URL(url).host)
  const file = join(folder, 'nginx.conf')
  await writeFile(file, text)

  const user = getuid?.() === 0 ? 'user root;' : ''
  const globals = `daemon off; pid ${join(folder, 'pid')}; error_log stderr; ${user}`
  const child = spawn('nginx', ['-e', 'stderr', '-p', folder, '-c', file, '-g', globals], {
    // Debian has it in a folder that is not in the path of every user.
    env: { ...env, PATH: `${env['PATH']}:/usr/sbin` },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (part) => (errors += String(part)))
  const failed = once(child, 'close').then(
    () => errors,
    (error: unknown) => `${String(error)}; these tests need nginx: apt-get install nginx-light`,
  )
  const problem = await Promise.race([untilListening(port, () => child.exitCode !== null), failed])
  if (problem !== undefined) throw new Error(`nginx has not started: ${problem}`)
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await failed
      await rm(folder, { recursive: true })
    },
  }
}

async function untilListening(port: number, hasEnded: () => boolean): Promise<void> {
  while (!hasEnded()) {
    const socket = connect({ host: '127.0.0.1', port })
    const isListening = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isListening) return
    await delay(20)
  }
}
