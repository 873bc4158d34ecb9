import { parseArgs } from 'node:util'

const usage = `usage: npm start -- [--port PORT] [--address ADDRESS]

  --port     the gateway's port, 8080 by default; the next two are for the demo and for the admin pages
  --address  where to listen, 127.0.0.1 by default; 0.0.0.0 in a container whose ports are published`

/** Prints what is wrong and ends, or prints the usage and ends. */
export function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '8080' },
        address: { type: 'string', default: '127.0.0.1' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if (values.help) {
      console.log(usage)
      process.exit(0)
    }
    const port = Number(values.port)
    if (!Number.isInteger(port) || port < 1 || port > 65_533)
      throw new Error(`--port ${values.port}: a number from 1 to 65533`)
    return { port, address: values.address }
  } catch (error) {
    console.error(`${/** @type {Error} */ (error).message}\n\n${usage}`)
    return process.exit(1)
  }
}
