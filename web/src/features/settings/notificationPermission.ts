import { Store } from '@/shared/store'
import { useStore } from '@/shared/useStore'

export type NotificationState = NotificationPermission | 'unsupported'

const supported = 'Notification' in globalThis
/** The browser tells nobody when its own dialogue changes the permission; this mirrors it. */
const permission = new Store<NotificationState>(supported ? Notification.permission : 'unsupported')

export function askForNotifications(): void {
  if (!supported) return
  void Notification.requestPermission().then((answer) => permission.set(answer))
}

export function useNotificationPermission(): NotificationState {
  return useStore(permission)
}
