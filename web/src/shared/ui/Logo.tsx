interface Props {
  size?: number
  /** With the word beside the mark. */
  word?: boolean
}

/** The mark of stimme: a speech bubble with a voice in it. */
export function Logo({ size = 32, word = true }: Props) {
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: size * 0.3 }}>
      <svg width={size} height={size} viewBox="0 0 64 64" role="img" aria-label="stimme">
        <path
          fill="#0f5b66"
          d="M20 3h24a17 17 0 0 1 17 17v20a17 17 0 0 1-17 17H27.5l-12.2 5.6A2.5 2.5 0 0 1 11.8 60l.7-5.4A17 17 0 0 1 3 40V20A17 17 0 0 1 20 3z"
        />
        <g fill="none" strokeLinecap="round" strokeWidth="5.5">
          <path stroke="#fff" d="M17 27v6M27 20v20M47 25v10" />
          <path stroke="#ffa07a" d="M37 15v30" />
        </g>
      </svg>
      {word && (
        <span aria-hidden style={{ fontSize: size * 0.72, fontWeight: 700, letterSpacing: '-0.03em', lineHeight: 1 }}>
          stimme
        </span>
      )}
    </span>
  )
}
