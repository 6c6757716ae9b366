// Runs in the page before the client's own scripts: hears what people hear, without being a part of the client. It
// records the stream of the remote audio element sample by sample and notes where in it the call was answered.
(() => {
  const KEEP_SECONDS = 40
  const BLOCK = 1024
  const ear = { rate: 0, blocks: [], answered: null, begin: () => undefined }

  let stream = null
  let source = null
  let state = null

  // The audio clock is the only one that browsers do not slow down in a page that is out of sight.
  const look = (context, processor) => {
    const current = document.querySelector('[data-testid=remote-audio]')?.srcObject ?? null
    if (current !== stream) {
      source?.disconnect()
      source = current && context.createMediaStreamSource(current)
      source?.connect(processor)
      stream = current
    }
    const now = document.querySelector('[data-testid=call-state]')?.dataset.state ?? null
    if (now === 'active' && state !== 'active') {
      ear.blocks = []
      ear.answered = performance.timeOrigin + performance.now()
    }
    state = now
  }

  const begin = () => {
    const context = new AudioContext()
    const processor = context.createScriptProcessor(BLOCK, 1, 1)
    ear.rate = context.sampleRate
    processor.onaudioprocess = (event) => {
      look(context, processor)
      const heard = event.inputBuffer.getChannelData(0)
      ear.blocks.push(Int16Array.from(heard, (value) => Math.max(-32768, Math.min(32767, Math.round(value * 32767)))))
      if (ear.blocks.length > (KEEP_SECONDS * ear.rate) / BLOCK) ear.blocks.shift()
    }
    processor.connect(context.destination)
  }

  // The samples since the answer (or the last so many seconds) as base64 of 16-bit little-endian numbers.
  ear.heard = (seconds) => {
    const wanted = seconds === null ? ear.blocks : ear.blocks.slice(-Math.ceil((seconds * ear.rate) / BLOCK))
    let text = ''
    for (const block of wanted) {
      for (const byte of new Uint8Array(block.buffer)) text += String.fromCharCode(byte)
    }
    return { rate: ear.rate, samples: btoa(text) }
  }

  Object.defineProperty(window, 'testEar', { value: ear })
  begin()
})()
