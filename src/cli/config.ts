import v8 from 'node:v8'
import type { Command } from 'commander'

/**
 * Threads for getaddrinfo, files and signatures. Node's four can all wait for a name server that does not answer, and
 * then no token is verified.
 */
const threads = 16

/** Called once, before a regex has run and before the thread pool is used: afterwards nothing of this has an effect. */
export function settleProcess(): void {
  process.env['UV_THREADPOOL_SIZE'] ||= String(threads)
  // As `--disable-proto=delete`: no key of a foreign object is a way to the prototype of all objects.
  Reflect.deleteProperty(Object.prototype, '__proto__')
  // Node's own answer to it is to open its inspector. Whoever runs on says that it does nothing.
  process.on('SIGUSR1', () => {})
  v8.setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')
}

/** What the environment says about the size of the thread pool; Node's own size without it. */
export const threadPoolSize = (): number => Number(process.env['UV_THREADPOOL_SIZE'] ?? 4)

/** Colours are for people at a terminal who have not declined (no-color.org). */
export const isColoured = (): boolean =>
  process.stdout.isTTY === true && (process.env['NO_COLOR'] ?? '') === ''

const yes = ['true', '1', 'yes', 'on']
const no = ['false', '0', 'no', 'off']

/**
 * Brings FAIRLEAD_* into the form that options expect, before they are read: an empty one counts as none, and a switch
 * is on only when it says so (without this, `false` would switch it on).
 */
export function settleEnvironment(program: Command): void {
  for (const { envVar, isSwitch } of variablesOf(program)) {
    const value = process.env[envVar]
    if (value === undefined) continue
    const word = value.toLowerCase()
    if (value === '' || (isSwitch && no.includes(word))) delete process.env[envVar]
    else if (isSwitch && !yes.includes(word))
      program.error(`${envVar} must be true or false, not "${value}"`)
  }
}

function variablesOf(program: Command) {
  const options = program.commands.flatMap((command) => command.options)
  return options.flatMap((option) => {
    const { envVar } = option
    return envVar === undefined ? [] : [{ envVar, isSwitch: option.isBoolean() }]
  })
}
