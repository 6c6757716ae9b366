/**
 * The server is an ICE-lite agent (RFC 8445 §2.5): it answers checks once it has our description, and nothing is nominated,
 * so nothing is heard, before it has answered two. A browser that answers a call could check at once, long before the
 * server has the answer; it would use up its quick checks on a server that knows nothing yet and be slow from then on.
 * So the server's candidates are held back until it has acknowledged the answer, as if they had trickled in (RFC 8838).
 */
const LINE = /^a=(candidate:.*|end-of-candidates)\r?\n/gm

export interface Held {
  /** The description without candidates. */
  sdp: string
  /** In the form that `addIceCandidate` takes. */
  candidates: string[]
}

export function holdCandidates(sdp: string): Held {
  const candidates = [...sdp.matchAll(LINE)].map((line) => line[1] ?? '').filter((text) => text.startsWith('candidate:'))
  return { sdp: sdp.replace(LINE, ''), candidates }
}
