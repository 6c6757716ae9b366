//! Makes speech a little shorter or longer without changing its pitch: whole periods are left out or said twice,
//! joined by a cross-fade where the waveform is most like itself.

/// Shortest and longest period that is looked for: 400 Hz to 100 Hz.
const SHORTEST_MS: usize = 2;
const LONGEST_MS: usize = 10;
/// Likeness, 0 to 1, below which sound is left as it is.
const ALIKE: f32 = 0.5;
/// Mean square below which sound is silence that may be cut anywhere.
const SILENT: f32 = 900.0;

/// Appends the piece without one period; unchanged when no period is found.
pub fn shorten(piece: &[i16], rate: u32, out: &mut Vec<i16>) {
    match period(piece, rate) {
        Some((lag, overlap)) => {
            fade(&piece[..overlap], &piece[lag..lag + overlap], out);
            out.extend_from_slice(&piece[lag + overlap..]);
        }
        None => out.extend_from_slice(piece),
    }
}

/// Appends the piece with one period said twice; unchanged when no period is found.
pub fn lengthen(piece: &[i16], rate: u32, out: &mut Vec<i16>) {
    match period(piece, rate) {
        Some((lag, overlap)) => {
            out.extend_from_slice(&piece[..lag]);
            fade(&piece[lag..lag + overlap], &piece[..overlap], out);
            out.extend_from_slice(&piece[overlap..]);
        }
        None => out.extend_from_slice(piece),
    }
}

/// The period and how much of the piece can be compared at that distance, in samples.
fn period(piece: &[i16], rate: u32) -> Option<(usize, usize)> {
    let per_ms = rate as usize / 1000;
    let (shortest, longest) = (SHORTEST_MS * per_ms, LONGEST_MS * per_ms);
    let overlap = piece.len().checked_sub(longest).filter(|overlap| *overlap >= longest)?;
    let base: Vec<f32> = piece.iter().map(|sample| f32::from(*sample)).collect();
    let energy = |from: usize| base[from..from + overlap].iter().map(|x| x * x).sum::<f32>();
    let first = energy(0);
    if first / (overlap as f32) < SILENT && energy(longest) / (overlap as f32) < SILENT {
        return Some((longest, overlap));
    }
    // At high rates every sample need not be tried: speech has no energy up there.
    let step = (rate as usize / 16_000).max(1);
    let likeness = |lag: usize| {
        let product: f32 = base[..overlap].iter().zip(&base[lag..]).map(|(x, y)| x * y).sum();
        product / (first * energy(lag)).sqrt().max(1.0)
    };
    (shortest..=longest)
        .step_by(step)
        .map(|lag| (lag, likeness(lag)))
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
        .filter(|(_, likeness)| *likeness > ALIKE)
        .map(|(lag, _)| (lag, overlap))
}

/// From one piece to the other, both of the same length.
fn fade(from: &[i16], to: &[i16], out: &mut Vec<i16>) {
    let length = from.len() as f32;
    out.extend(from.iter().zip(to).enumerate().map(|(n, (from, to))| {
        let part = (n as f32 + 0.5) / length;
        (f32::from(*from) * (1.0 - part) + f32::from(*to) * part) as i16
    }));
}

#[cfg(test)]
mod tests {
    use super::super::listen::{level_of, sine};
    use super::*;

    #[test]
    fn a_tone_stays_a_tone() {
        for rate in [8_000, 16_000, 48_000] {
            let tone = sine(440.0, -10.0, rate);
            let (mut short, mut long) = (Vec::new(), Vec::new());
            for piece in tone.chunks(rate as usize / 50) {
                shorten(piece, rate, &mut short);
                lengthen(piece, rate, &mut long);
            }
            assert!(short.len() < tone.len() * 9 / 10, "{rate}: {}", short.len());
            assert!(long.len() > tone.len() * 11 / 10, "{rate}: {}", long.len());
        }
    }

    #[test]
    fn joints_are_not_heard() {
        for (rate, lengths) in [(8_000, [160, 240]), (16_000, [320, 480])] {
            for length in lengths {
                let tone = &sine(400.0, -10.0, rate)[..length];
                let (mut short, mut long) = (Vec::new(), Vec::new());
                shorten(tone, rate, &mut short);
                lengthen(tone, rate, &mut long);
                assert!(short.len() < length && long.len() > length);
                for heard in [short, long] {
                    let steepest = heard.windows(2).map(|pair| (pair[1] - pair[0]).abs()).max().unwrap_or(0);
                    let before = tone.windows(2).map(|pair| (pair[1] - pair[0]).abs()).max().unwrap_or(0);
                    assert!(steepest <= before + before / 8, "{steepest} after {before}");
                    assert!(level_of(400.0, &heard, rate) > -11.0);
                }
            }
        }
    }

    #[test]
    fn noise_and_short_pieces_stay() {
        let mut state = 1u32;
        let mut next = || {
            for (left, shift) in [(true, 13), (false, 17), (true, 5)] {
                state ^= if left { state << shift } else { state >> shift };
            }
            (state >> 16) as i16 / 4
        };
        let noise: Vec<i16> = (0..160).map(|_| next()).collect();
        let mut out = Vec::new();
        shorten(&noise, 8000, &mut out);
        assert_eq!(out, noise);
        out.clear();
        lengthen(&noise[..100], 8000, &mut out);
        assert_eq!(out, noise[..100]);
    }
}
