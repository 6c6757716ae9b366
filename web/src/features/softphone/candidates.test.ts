import { describe, expect, it } from 'vitest'

import { holdCandidates } from './candidates'

const lines = (...all: string[]) => all.map((line) => `${line}\r\n`).join('')

describe('holdCandidates', () => {
  it('takes the candidates out and nothing else', () => {
    const held = holdCandidates(
      lines('v=0', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:0', 'a=candidate:1 1 UDP 2130706431 192.0.2.1 9 typ host', 'a=end-of-candidates', 'a=sendrecv'),
    )
    expect(held.sdp).toBe(lines('v=0', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:0', 'a=sendrecv'))
    expect(held.candidates).toEqual(['candidate:1 1 UDP 2130706431 192.0.2.1 9 typ host'])
  })

  it('leaves a description without candidates as it is', () => {
    const sdp = lines('v=0', 'm=audio 9 UDP/TLS/RTP/SAVPF 111')
    expect(holdCandidates(sdp)).toEqual({ sdp, candidates: [] })
  })
})
