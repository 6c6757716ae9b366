import { useEffect, useState } from 'react'

import { assess, readReport, unknownQuality, type Quality, type Reading } from './quality'
import type { Softphone } from './softphone'

const PERIOD_MS = 2000

/** Measures the running call every two seconds; `unknown` without one. */
export function useQuality(softphone: Softphone, callId: string | null): Quality {
  const [measured, setMeasured] = useState<{ callId: string; quality: Quality } | null>(null)
  useEffect(() => {
    if (callId === null) return
    let before: Reading | null = null
    let ended = false
    const measure = async () => {
      const report = await softphone.stats()
      const now = report && readReport(report)
      if (ended || !now) return
      setMeasured({ callId, quality: assess(before, now) })
      before = now
    }
    const timer = window.setInterval(() => void measure(), PERIOD_MS)
    return () => {
      ended = true
      window.clearInterval(timer)
    }
  }, [softphone, callId])
  return measured?.callId === callId ? measured.quality : unknownQuality
}
