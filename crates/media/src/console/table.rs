//! Snapshots for people's eyes.

use std::io::{self, Write};

use super::asking::{Endpoint, Snapshot};

const HEAD: [&str; 13] =
    ["ID", "KIND", "LOCAL", "WITH", "CODEC", "IN", "OUT", "LOST", "LATE", "JITTER", "RTT", "MOS", "TAG"];
/// Columns with figures, which stand to the right.
const FIGURES: std::ops::Range<usize> = 5..12;

/// Writes a snapshot: one line for each thing that lives.
pub(super) fn write(out: &mut impl Write, snapshot: &Snapshot) -> io::Result<()> {
    let engine = &snapshot.engine;
    let (endpoints, bridges) = (snapshot.endpoints.len(), snapshot.bridges.len());
    let (rooms, faxes) = (snapshot.rooms.len(), snapshot.faxes.len());
    writeln!(out, "stimme-media {}, instance {}", engine.version, engine.instance)?;
    writeln!(out, "endpoints {endpoints}, bridges {bridges}, rooms {rooms}, faxes {faxes}")?;
    if !snapshot.endpoints.is_empty() {
        writeln!(out)?;
        rows(out, snapshot)?;
    }
    for bridge in &snapshot.bridges {
        writeln!(out, "bridge {}: {} and {}  {}", bridge.id, bridge.a, bridge.b, clean(&bridge.tag))?;
    }
    for room in &snapshot.rooms {
        let members: Vec<String> =
            room.members.iter().map(|member| format!("{} ({})", member.endpoint, member.role)).collect();
        writeln!(out, "room {}, {} Hz: {}  {}", room.id, room.rate, members.join(", "), clean(&room.tag))?;
    }
    for fax in &snapshot.faxes {
        let what = if fax.bridge.is_some() { "gateway" } else { "terminal" };
        writeln!(out, "fax {}: {what} with {}  {}", fax.id, fax.endpoint, clean(&fax.tag))?;
    }
    Ok(())
}

fn rows(out: &mut impl Write, snapshot: &Snapshot) -> io::Result<()> {
    let mut lines = vec![HEAD.map(str::to_owned)];
    lines.extend(snapshot.endpoints.iter().map(|endpoint| row(endpoint, snapshot)));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    for line in &lines {
        let cells: Vec<String> = line
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, width))| {
                if FIGURES.contains(&column) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
            })
            .collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    Ok(())
}

fn row(endpoint: &Endpoint, snapshot: &Snapshot) -> [String; HEAD.len()] {
    let stats = endpoint.stats.clone().unwrap_or_default();
    let figure =
        |value: Option<f64>, digits: usize| value.map_or("-".into(), |value| format!("{value:.digits$}"));
    [
        endpoint.id.to_string(),
        endpoint.kind.clone(),
        format!("{}:{}", endpoint.local.address, endpoint.local.port),
        with(endpoint, snapshot),
        stats.codec.unwrap_or("-".into()),
        stats.packets_received.to_string(),
        stats.packets_sent.to_string(),
        stats.packets_lost.to_string(),
        stats.packets_late.to_string(),
        figure((stats.packets_received > 0).then_some(stats.jitter_ms), 1),
        figure(stats.rtt_ms, 1),
        figure(stats.mos, 2),
        clean(&endpoint.tag),
    ]
}

/// Whom it hears.
fn with(endpoint: &Endpoint, snapshot: &Snapshot) -> String {
    if let Some(room) = endpoint.room {
        return format!("room {room}");
    }
    let bridge = endpoint.bridge.and_then(|id| snapshot.bridges.iter().find(|bridge| bridge.id == id));
    match bridge {
        Some(bridge) if bridge.a == endpoint.id => bridge.b.to_string(),
        Some(bridge) => bridge.a.to_string(),
        None => "-".into(),
    }
}

/// A tag is a client's; a terminal must not obey it.
fn clean(tag: &str) -> String {
    tag.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::asking::{Address, Bridge, Stats};
    use super::*;

    #[test]
    fn each_endpoint_has_its_line_and_shows_whom_it_hears() {
        let endpoint = |id, stats| Endpoint {
            id,
            tag: format!("leg\x1b-{id}"),
            owner: "test".into(),
            kind: "rtp".into(),
            local: Address { address: "::1".into(), port: 16_384 },
            bridge: Some(3),
            room: None,
            stats,
        };
        let stats =
            Stats { packets_received: 50, mos: Some(4.396), codec: Some("PCMA".into()), ..Stats::default() };
        let snapshot = Snapshot {
            endpoints: vec![endpoint(1, Some(stats)), endpoint(2, None)],
            bridges: vec![Bridge { id: 3, tag: "call".into(), a: 1, b: 2 }],
            ..Snapshot::default()
        };
        let mut out = Vec::new();
        write(&mut out, &snapshot).expect("to memory");
        let text = String::from_utf8(out).expect("UTF-8");
        let words: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(words[4][..6], ["1", "rtp", "::1:16384", "2", "PCMA", "50"], "{text}");
        assert_eq!(words[4][11..], ["4.40", "leg?-1"], "{text}");
        assert_eq!(words[5][3..5], ["1", "-"], "{text}");
        assert_eq!(words[6], ["bridge", "3:", "1", "and", "2", "call"], "{text}");
    }
}
