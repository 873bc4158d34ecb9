// Loaded into every Node process of a run (NODE_OPTIONS): notes where each connection goes, for RECORD_CONNECTS.
import { appendFileSync } from 'node:fs'
import net from 'node:net'

const file = process.env['RECORD_CONNECTS'] ?? ''
const { connect } = net.Socket.prototype

/** @this {net.Socket} @param {any[]} args */
net.Socket.prototype.connect = function record(...args) {
  // Node hands on what it has normalised: a list whose first member is the options.
  const [first] = Array.isArray(args[0]) ? args[0] : args
  const target = typeof first === 'object' ? (first.path ?? first.host ?? 'localhost') : args[1]
  appendFileSync(file, `${target ?? 'localhost'}\n`)
  return connect.apply(this, /** @type {any} */ (args))
}
