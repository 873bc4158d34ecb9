const primes = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101,
  103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
]

/** For each of these primes the powers of 65537, of which not all numbers are one. */
const powers = primes.map((prime) => {
  const found = new Set<number>()
  for (let power = 1; !found.has(power); power = (power * 65537) % prime) found.add(power)
  return { prime, found }
})

/**
 * Whether an RSA modulus was made by the chips of CVE-2017-15361 (ROCA), whose keys can be factored: it is a power of 65537
 * modulo every small prime, which others are by chance once in a billion times.
 */
export const isFactorable = (modulus: Buffer): boolean =>
  powers.every(({ prime, found }) =>
    found.has(modulus.reduce((rest, byte) => (rest * 256 + byte) % prime, 0)),
  )
