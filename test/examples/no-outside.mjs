// Loaded into the program (NODE_OPTIONS): no name is known, as where there is no network. Examples name hosts of the
// internet, and tests must not.
import dns from 'node:dns'
import net from 'node:net'

const unknown = (/** @type {string} */ name) =>
  Object.assign(new Error(`${name} is not known here`), { code: 'ENOTFOUND' })

dns.promises.Resolver.prototype.resolve4 = async (name) => Promise.reject(unknown(name))
dns.promises.Resolver.prototype.resolve6 = async (name) => Promise.reject(unknown(name))
const { lookup } = dns
const { lookup: lookupLater } = dns.promises
dns.promises.lookup = /** @type {any} */ (
  async (/** @type {string} */ name, /** @type {any} */ options) =>
    net.isIP(name) === 0 ? Promise.reject(unknown(name)) : lookupLater(name, options)
)
dns.lookup = /** @type {any} */ (
  (/** @type {string} */ name, /** @type {any} */ options, /** @type {any} */ done) => {
    if (net.isIP(name) !== 0) return lookup(name, options, done)
    queueMicrotask(() => (typeof options === 'function' ? options : done)(unknown(name)))
  }
)
