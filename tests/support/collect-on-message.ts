// Preloaded by a process whose memory is measured: collects all garbage when its parent asks for it, and answers with the heap that is left, in bytes.
import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

process.on('message', (message) => {
  if (message !== 'collect') return
  collect()
  process.send!(process.memoryUsage().heapUsed)
})
