import { useTranslation } from 'react-i18next'

import type { Call } from '@/features/softphone/machine'

/** What is going on with a call, in one sentence. */
export function useCallSentence(call: Call): string {
  const { t } = useTranslation()
  const { end } = call
  if (call.state !== 'ended' || end === null) return t(`call.state.${call.state}`)
  if (call.emergency && end.reason === 'connection') return t('call.emergencyOffline')
  switch (end.reason) {
    case 'local':
      return call.answeredAt === null && call.direction === 'outgoing' ? t('call.failure.cancelled') : t('call.ended.local')
    case 'remote':
      return t('call.ended.remote')
    case 'elsewhere':
      return t('call.ended.elsewhere')
    default:
      return t(`call.failure.${end.reason}`)
  }
}
