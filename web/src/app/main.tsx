import '@fontsource-variable/figtree'
import '@mantine/core/styles.css'
import '@/shared/theme/global.css'

import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

import { initialLanguage, startI18n } from '@/shared/i18n/i18n'

import { App } from './App'

const root = document.getElementById('root')
if (!root) throw new Error('page without #root')

await startI18n(initialLanguage())
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
