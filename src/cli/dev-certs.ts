import { type Command, InvalidArgumentError } from 'commander'
import { command, examples } from './command.ts'
import { option, parseList } from './options.ts'

export interface DevCertsFlags {
  readonly host: readonly string[]
  readonly days: number
  /** Of the Secret, and of the files of its certificate. */
  readonly name: string
  readonly client: readonly string[]
}

const usual = 'localhost,*.dev.localhost,127.0.0.1,::1'

const parseDays = (text: string): number => {
  const days = Number(text)
  if (!Number.isInteger(days) || days < 1 || days > 3650)
    throw new InvalidArgumentError('It must be a whole number of days from 1 to 3650.')
  return days
}

/** A name becomes a file and an object of Kubernetes. */
const parseName = (text: string): string => {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text) && text !== 'ca') return text
  throw new InvalidArgumentError(
    'It must be lower-case letters, digits and dashes, at most 63, and not ca.',
  )
}

const parseNames = (text: string): readonly string[] => parseList(text).map(parseName)

const after = `${examples(
  ['an authority, and certificates for this machine', 'fairlead dev-certs ./certs'],
  [
    'for a host of your own; the authority that is there already is used',
    "fairlead dev-certs ./certs --host 'api.shop.example,*.shop.example'",
  ],
  [
    'for another host, beside the first, and two clients',
    'fairlead dev-certs ./certs --name shop-tls --host shop.example --client alice,bob',
  ],
)}

It writes ca.crt and ca.key, server.crt and server.key, client.crt and client.key, and tls.yaml: a Secret dev-tls and a ConfigMap
dev-ca to copy into a folder of manifests. With --name they are NAME.crt, NAME.key and NAME.yaml, with a Secret of that name; a client
NAME has NAME.crt and NAME.key, and is spiffe://dev/NAME. Keys can be read by you alone. They are for trying things out, never for the internet.`

/** `fairlead dev-certs`: certificates to try TLS with. */
export function devCertsCommand(): Command {
  return command('dev-certs', 'Make an authority and certificates to try TLS with.')
    .argument('<dir>', 'folder for them; made when it is not there')
    .addOption(
      option('--host <names>', 'names and addresses of the server, with commas')
        .default(parseList(usual), usual)
        .argParser(parseList),
    )
    .addOption(
      option('--name <label>', 'name of the Secret, and of the files of its certificate')
        .default('dev-tls', 'dev-tls')
        .argParser(parseName),
    )
    .addOption(
      option('--client <names>', 'names of clients, with commas')
        .default(['client'], 'client')
        .argParser(parseNames),
    )
    .addOption(
      option('--days <n>', 'how long they are good').default(90, '90').argParser(parseDays),
    )
    .addHelpText('after', after)
    .action(async (folder: string, flags: DevCertsFlags) => {
      const { makeCertificates } = await import('./make-certificates.ts')
      await makeCertificates(folder, flags)
    })
}
