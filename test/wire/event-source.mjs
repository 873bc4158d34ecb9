// A browser's EventSource against the URL that is given: says each event, and leaves after the one that says so.
const say = (text) => process.stdout.write(`${text}\n`)
const source = new EventSource(process.argv[2])
// While it waits to come back, nothing else keeps the process.
const awake = setInterval(() => {}, 1000)
source.onerror = () => say('error')
source.onmessage = ({ data, lastEventId }) => {
  say(`${lastEventId} ${data}`)
  if (data !== 'leave') return
  source.close()
  clearInterval(awake)
}
