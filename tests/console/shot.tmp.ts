import { chromium } from 'playwright-core'
const [, , base, spec] = process.argv
const b = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
})
for (const one of JSON.parse(spec!)) {
  const p = await b.newPage({
    viewport: { width: one.w ?? 1400, height: one.h ?? 900 },
    colorScheme: one.scheme ?? 'light',
  })
  p.on('console', (m) => {
    if (m.type() !== 'log') console.log(one.path, 'console', m.type(), m.text())
  })
  p.on('pageerror', (e) => console.log(one.path, 'pageerror', e.stack))
  await p.request.post(base + '/api/sign-in', {
    headers: { origin: new URL(base!).origin, 'sec-fetch-site': 'same-origin' },
    data: { apiKey: 'the-key-of-the-tenant-' + (one.as ?? 'ada') },
  })
  const t = Date.now()
  await p.goto(base + one.path)
  await p.waitForSelector(one.wait ?? 'h1')
  console.log(one.path, Date.now() - t, 'ms')
  await p.waitForTimeout(1200)
  if (one.act) await eval(`(async()=>{${one.act}})()`)
  await p.screenshot({ path: one.out, fullPage: one.full ?? true })
  await p.close()
}
await b.close()
