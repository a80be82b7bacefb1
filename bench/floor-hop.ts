/** Server of a bare HTTP hop: hono on Node's http, without code of this project. Sends its port over IPC. */
import process from 'node:process'

import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const app = new Hono().get('/', (context) => context.json({ value: 2 }))
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => process.send!(port))
