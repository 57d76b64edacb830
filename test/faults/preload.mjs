// What an instance of the harness loads before anything else: a wall clock that can be made to jump, and an end with
// the harness, however that ends.
import { readFileSync, writeFileSync } from 'node:fs'
import { setInterval } from 'node:timers'

const RealDate = Date
let ahead = 0

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, asked) => Reflect.construct(target, args.length === 0 ? [now()] : args, asked),
  apply: () => new RealDate(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name))
})

function now() {
  return RealDate.now() + ahead
}

// The monotonic clock is left alone, and with it every timer. Most signals end the service in order; this one does nothing
// to whoever does not know it.
process.on('SIGWINCH', () => {
  ahead = Number(readFileSync(process.env.FAULTS_CLOCK, 'utf8'))
  writeFileSync(`${process.env.FAULTS_CLOCK}.now`, String(Date.now()))
})

const harness = process.ppid
setInterval(() => {
  if (process.ppid !== harness) process.exit(1)
}, 500).unref()
