import { type Fault, wrong } from './faults.ts'

/** The object as a whole is broken, or cannot be read further: all that its hosts could get is held. */
const whole = { other: '503 rule_invalid' }

const noField = 'is not a field that exists here'
const partName = 'must be a name of letters, digits, -, _ and .'

const shapes: readonly Fault[] = [
  wrong(
    'C11 a misspelt field',
    'rules[0].authorise',
    { public: true },
    `${noField}; did you mean "authorize"?`,
  ),
  wrong(
    'C11 a misspelt field of a backend',
    'rules[0].backends[0].wieght',
    5,
    `${noField}; did you mean "weight"?`,
  ),
  wrong(
    'C11 a misspelt field of the whole',
    'rule',
    [],
    `${noField}; did you mean "rules"?`,
    whole,
  ),
  wrong('C8 a prototype key', 'rules[0].__proto__', { name: 'x' }, noField),
  wrong('C8 another prototype key', 'rules[0].constructor', { name: 'x' }, noField),
  wrong('C8 a key that moves the cursor', 'rules[0].\u001b', 1, noField, {
    where: 'spec.rules[0]["\\u001b"]',
  }),
  wrong('C8 a key of 1 MB', `rules[0].${'k'.repeat(1_000_000)}`, 1, noField, {
    where: `spec.rules[0]["${'k'.repeat(76)}...]`,
  }),
  wrong('a name with a slash', 'rules[0].name', 'a/b', `${partName}, not "a/b"`),
  wrong('C8 a name with NUL', 'rules[0].name', 'a\0b', `${partName}, not "a\\u0000b"`),
  wrong(
    'C8 a name of 1 MB',
    'rules[0].name',
    'n'.repeat(1_000_000),
    'must have at most 63 characters',
  ),
  wrong('no name', 'rules[0].name', undefined, 'is required (a text)'),
  {
    what: 'two rules of one name',
    where: 'spec.rules[2].name',
    right: 'held',
    edit: ({ rules }) => void rules.push({ ...rules[0] }),
    // The first one is not at fault.
    held: '200 hello',
  },
  wrong(
    'C11 rules that are an object',
    'rules',
    { held: {} },
    'must be a list, not an object',
    whole,
  ),
  wrong('C11 no rules', 'rules', undefined, 'is required (a list)', whole),
  wrong('C11 null for rules', 'rules', null, 'must be a list, not null', whole),
  wrong(
    'C11 a rule that is null',
    'rules[0]',
    null,
    'must be an object such as { name: …, backends: … } or ',
    whole,
  ),
  wrong('C11 an empty list of rules', 'rules', [], 'must have at least 1 members, not 0', whole),
  wrong(
    'a class with a space',
    'className',
    'my gateway',
    'must be a lower-case name of letters, digits, - and ., not "my gateway"',
    whole,
  ),
  wrong(
    'paths in another spelling',
    'paths',
    { encodedSlash: 'keep' },
    'must be one of Reject, Keep, not "keep"',
    {
      where: 'spec.paths.encodedSlash',
      ...whole,
    },
  ),
  wrong(
    'defaults that are broken',
    'defaults',
    { timeouts: { request: 'long' } },
    'must be a duration such as 250ms, 30s or 1h30m, not "long"',
    {
      where: 'spec.defaults.timeouts.request',
      ...whole,
    },
  ),
]

/** A host that is none owns nothing, and takes nothing from those that are: there is no place to hold. */
const host = (what: string, value: unknown, right: string): Fault =>
  wrong(what, 'hostnames', [value], right, {
    where: 'spec.hostnames[0]',
    held: '404 route_not_found',
    other: '404 route_not_found',
  })

const hosts: readonly Fault[] = [
  wrong('no host', 'hostnames', [], 'must have at least 1 members, not 0', {
    held: '404 route_not_found',
    other: '404 route_not_found',
  }),
  host(
    'a host with a space',
    'a b.example',
    'is not a hostname; write api.shop.example, *.shop.example or *',
  ),
  host(
    'a host with a port',
    'a.example:80',
    'is not a hostname; write api.shop.example, *.shop.example or *',
  ),
  host(
    'a host with two stars',
    '*.*.example',
    'is not a hostname; write api.shop.example, *.shop.example or *',
  ),
  host('a host that is a number', 7, 'must be a text, not 7'),
  host('C8 a host with U+2028', 'a\u2028b', 'must not contain control characters'),
  host('C8 a host of 1 MB', 'h'.repeat(1_000_000), 'must have at most 253 characters'),
  host(
    'C8 a host that is a template',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is one on purpose.
    '${HOME}.example',
    'is not a hostname; write api.shop.example, *.shop.example or *',
  ),
]

export const objectFaults: readonly Fault[] = [...shapes, ...hosts]
