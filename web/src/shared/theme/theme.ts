import { createTheme, type MantineColorsTuple } from '@mantine/core'

/** Petrol, the colour of stimme. */
const petrol: MantineColorsTuple = [
  '#e8f4f5',
  '#d3e7e9',
  '#a7cfd4',
  '#77b5bd',
  '#4f9ea9',
  '#34909c',
  '#1f7885',
  '#0f5b66',
  '#0a4c56',
  '#043c45',
]

/** Apricot, for what wants to be noticed. */
const apricot: MantineColorsTuple = [
  '#fff1ea',
  '#ffe1d3',
  '#ffc3a8',
  '#ffa07a',
  '#fb8150',
  '#f56c34',
  '#c2481a',
  '#a63b12',
  '#8a300e',
  '#6d2409',
]

/** The greys of the dark scheme, with a breath of petrol. */
const dark: MantineColorsTuple = [
  '#e8eef0',
  '#b9c6c9',
  '#93a3a7',
  '#6b7b80',
  '#36464b',
  '#2a373b',
  '#1d282b',
  '#151e21',
  '#0d1416',
  '#080d0f',
]

/** The greys of the light scheme: warm, as its paper is. */
const gray: MantineColorsTuple = [
  '#faf9f6',
  '#f3f1ec',
  '#eae7df',
  '#dedad0',
  '#cbc8bf',
  '#a4a6a2',
  '#7f8789',
  '#495457',
  '#343d40',
  '#212a2d',
]

export const theme = createTheme({
  primaryColor: 'petrol',
  primaryShade: { light: 7, dark: 6 },
  autoContrast: false,
  colors: { petrol, apricot, dark, gray },
  fontFamily: "'Figtree Variable', system-ui, sans-serif",
  headings: { fontFamily: "'Figtree Variable', system-ui, sans-serif", fontWeight: '650' },
  defaultRadius: 'md',
  radius: { md: '12px', lg: '18px', xl: '26px' },
  focusRing: 'auto',
  respectReducedMotion: true,
  cursorType: 'pointer',
  components: {
    // Hints stand below their fields, so that fields beside each other stand on one line.
    InputWrapper: { defaultProps: { inputWrapperOrder: ['label', 'input', 'description', 'error'] } },
  },
})
