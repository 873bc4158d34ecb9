import { InvalidArgumentError, Option } from 'commander'

/** An option that the environment can give, too: `--access-log` is `FAIRLEAD_ACCESS_LOG`. */
export function option(flags: string, description: string): Option {
  const created = new Option(flags, description)
  return created.env(`FAIRLEAD_${created.name().replaceAll('-', '_').toUpperCase()}`)
}

export interface Address {
  readonly host: string
  readonly port: number
}

/** `127.0.0.1:8080`, `[::1]:8080` or `:8080` for every address. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535)
    throw new InvalidArgumentError(
      'It must be ADDR:PORT, for instance 127.0.0.1:8080 or [::1]:8080.',
    )
  return { host: match[1] ?? (match[2] || '0.0.0.0'), port }
}

export function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 64)
    throw new InvalidArgumentError('It must be a whole number from 1 to 64.')
  return count
}

/** `a,b`: names with commas. */
export const parseList = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
