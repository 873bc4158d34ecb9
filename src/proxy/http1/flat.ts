/**
 * The same latin1 text in memory of its own. A slice of 13 characters or more keeps alive the whole text it was cut
 * from: what outlives a request (keys of caches, principals, names) goes through here first.
 */
export const flat = (text: string): string => Buffer.from(text, 'latin1').latin1Slice()
