//! Whole fax transfers without a clock: two sessions, and a network between them that loses what the test says.

use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use stimme_media::fax::session::Step;
use stimme_media::fax::udptl::{Datagram, Extra, Repair};
use stimme_media::fax::{Job, Mode, Outcome, Page, Session, T38Settings};
use stimme_media::ffi::spandsp::T38;

const WIDTH: u32 = 1728;
const LENGTH: u32 = 1100;
/// Longest transfer, in frames of 20 ms: five minutes.
const LONGEST: usize = 15_000;

/// A page by its number: bars, so that every row tells where it belongs. True is black.
fn pixel(page: u32, x: u32, y: u32) -> bool {
    (x / 16 + y / 8 * (page + 3)).is_multiple_of(5 + page)
}

/// A TIFF file of bilevel pages (TIFF 6.0 section 3), 204 x 196 dots an inch, not compressed.
fn write_document(path: &Path, pages: u32) {
    let row = WIDTH.div_ceil(8);
    let size = row * LENGTH;
    let mut bytes = b"II*\0".to_vec();
    bytes.extend(8u32.to_le_bytes());
    for page in 0..pages {
        let start = bytes.len() as u32;
        let entries: [(u16, u16, u32); 12] = [
            (254, 4, 2),
            (256, 4, WIDTH),
            (257, 4, LENGTH),
            (258, 3, 1),
            (259, 3, 1),
            (262, 3, 0),
            (273, 4, start + 2 + 12 * 12 + 4 + 16),
            (278, 4, LENGTH),
            (279, 4, size),
            (282, 5, start + 2 + 12 * 12 + 4),
            (283, 5, start + 2 + 12 * 12 + 4 + 8),
            (296, 3, 2),
        ];
        bytes.extend(12u16.to_le_bytes());
        for (tag, kind, value) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(kind.to_le_bytes());
            bytes.extend(1u32.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        let next = if page + 1 < pages { start + 2 + 12 * 12 + 4 + 16 + size } else { 0 };
        bytes.extend(next.to_le_bytes());
        for number in [204u32, 1, 196, 1] {
            bytes.extend(number.to_le_bytes());
        }
        for y in 0..LENGTH {
            bytes.extend((0..row).map(|byte| {
                (0..8).fold(0u8, |all, bit| all << 1 | u8::from(pixel(page, byte * 8 + bit, y)))
            }));
        }
    }
    std::fs::write(path, bytes).expect("a file");
}

/// The pages of a file that was received, as rows of pixels; spandsp writes T.6 in one strip a page.
fn read_document(path: &Path) -> Vec<Vec<Vec<bool>>> {
    let bytes = std::fs::read(path).expect("the file");
    let word = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let long = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    assert_eq!(&bytes[..4], b"II*\0");
    let (mut directory, mut pages) = (long(4) as usize, Vec::new());
    while directory != 0 {
        let count = usize::from(word(directory));
        let tag = |tag: u16| {
            let entry = (0..count).map(|entry| directory + 2 + 12 * entry).find(|at| word(*at) == tag)?;
            Some(if word(entry + 2) == 3 { word(entry + 8).into() } else { long(entry + 8) })
        };
        assert_eq!((tag(256), tag(257), tag(259)), (Some(WIDTH), Some(LENGTH), Some(4)));
        let (start, size) = (tag(273).expect("a strip"), tag(279).expect("its length"));
        let strip = &bytes[start as usize..(start + size) as usize];
        let reversed = tag(266) == Some(2);
        let bits = strip.iter().map(|byte| if reversed { byte.reverse_bits() } else { *byte });
        let mut rows = Vec::new();
        fax::decoder::decode_g4(bits, WIDTH as u16, Some(LENGTH as u16), |changes| {
            let row = fax::decoder::pels(changes, WIDTH as u16);
            rows.push(row.map(|colour| colour == fax::Color::Black).collect());
        });
        pages.push(rows);
        directory = long(directory + 2 + 12 * count) as usize;
    }
    pages
}

/// How many rows of each page of a file differ from what was sent.
fn wrong_rows(path: &Path) -> Vec<usize> {
    let wrong = |(page, rows): (usize, Vec<Vec<bool>>)| {
        assert_eq!(rows.len(), LENGTH as usize);
        let same = |(y, row): (usize, &Vec<bool>)| {
            (0..WIDTH).all(|x| row[x as usize] == pixel(page as u32, x, y as u32))
        };
        rows.iter().enumerate().filter(|row| !same(*row)).count()
    };
    read_document(path).into_iter().enumerate().map(wrong).collect()
}

struct Documents {
    _folder: tempfile::TempDir,
    sent: PathBuf,
    received: PathBuf,
}

fn documents(pages: u32) -> Documents {
    let folder = tempfile::tempdir().expect("a folder");
    let (sent, received) = (folder.path().join("sent.tif"), folder.path().join("received.tif"));
    write_document(&sent, pages);
    Documents { _folder: folder, sent, received }
}

fn job(mode: Mode, path: &Path, error_correction: bool) -> Job {
    let sending = mode == Mode::Send;
    Job {
        mode,
        path: path.to_owned(),
        calling: sending,
        ident: if sending { "+49 30 231250 10" } else { "+49 89 123456" }.into(),
        header: String::new(),
        zone: String::new(),
        error_correction,
        bit_rate: 14_400,
    }
}

fn t38(repair: Repair) -> T38Settings {
    let protocol = T38 { version: 0, local_training: false, fill_bit_removal: false, bit_rate: 14_400 };
    T38Settings { protocol, repair, depth: 3, longest: 400 }
}

/// One side, and what it told.
struct Side {
    session: Session,
    pages: Vec<Page>,
    end: Option<Outcome>,
    number: u64,
}

impl Side {
    fn new(session: Option<Session>) -> Self {
        Self { session: session.expect("a session"), pages: vec![], end: None, number: 0 }
    }

    /// Takes what the session wants; returns what goes out.
    fn follow(&mut self, steps: Vec<Step>) -> Vec<Step> {
        let mut out = Vec::new();
        for step in steps {
            match step {
                Step::Page(page) => self.pages.push(page),
                Step::End(outcome) => self.end = Some(outcome),
                other => out.push(other),
            }
        }
        out
    }

    fn take(&mut self, step: Step, loses: &mut impl FnMut(&Step) -> bool) {
        let lost = loses(&step);
        match step {
            Step::Speak(samples) => {
                self.number += 1;
                if !lost {
                    self.session.hear(self.number, samples);
                }
            }
            Step::Datagram(bytes, times) => {
                for _ in 0..if lost { times - 1 } else { times } {
                    self.session.datagram(&bytes);
                }
            }
            Step::Page(_) | Step::End(_) => unreachable!("not for the network"),
        }
    }
}

/// Lets all sides go on until the first and the last are done; each side talks to its neighbours.
fn run(sides: &mut [Side], mut loses: impl FnMut(&Step) -> bool) {
    for _ in 0..LONGEST {
        for index in 0..sides.len() {
            if sides[index].end.is_some() {
                // Whoever hung up is silent.
                for neighbour in [index.checked_sub(1), Some(index + 1)].into_iter().flatten() {
                    if let Some(side) = sides.get_mut(neighbour) {
                        side.session.miss(160);
                    }
                }
            }
            let steps = sides[index].session.advance();
            for step in sides[index].follow(steps) {
                let datagram = matches!(step, Step::Datagram(..));
                let target = match (index, sides.len()) {
                    (0, _) => 1,
                    (1, 2) => 0,
                    // Of four, the two in the middle are gateways with T.38 between them; of three, the first
                    // speaks over the line and the last by T.38.
                    (1, 3) => {
                        if datagram {
                            2
                        } else {
                            0
                        }
                    }
                    (1, _) => {
                        if datagram {
                            2
                        } else {
                            0
                        }
                    }
                    (2, 3) => 1,
                    (2, _) => {
                        if datagram {
                            1
                        } else {
                            3
                        }
                    }
                    _ => 2,
                };
                sides[target].take(step, &mut loses);
            }
        }
        if [0, sides.len() - 1].iter().all(|side| sides[*side].end.is_some()) {
            return;
        }
    }
    let told: Vec<_> = sides.iter().map(|side| (&side.pages, &side.end)).collect();
    panic!("no end: {told:?}");
}

/// Loses one in `every`, the same ones in each run.
fn network(every: u32) -> impl FnMut(&Step) -> bool {
    let mut state = 12_345u32;
    move |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        every > 0 && (state >> 8).is_multiple_of(every)
    }
}

fn check(sides: &[Side], documents: &Documents, pages: u32, exact: bool) {
    for side in [&sides[0], &sides[sides.len() - 1]] {
        let outcome = side.end.as_ref().expect("an end");
        assert_eq!((outcome.result(), outcome.pages), ("ok", pages), "{}", outcome.text());
        let numbers: Vec<u32> = side.pages.iter().map(|page| page.number).collect();
        assert_eq!(numbers, (1..=pages).collect::<Vec<u32>>());
    }
    assert_eq!(sides[0].end.as_ref().map(|outcome| outcome.ident.as_str()), Some("+49 89 123456"));
    let wrong = wrong_rows(&documents.received);
    assert_eq!(wrong.len(), pages as usize);
    if exact {
        assert!(wrong.iter().all(|rows| *rows == 0), "{wrong:?}");
    }
}

fn terminals(documents: &Documents, ecm: bool, settings: Option<T38Settings>) -> [Side; 2] {
    [
        Side::new(Session::terminal(&job(Mode::Send, &documents.sent, ecm), settings)),
        Side::new(Session::terminal(&job(Mode::Receive, &documents.received, ecm), settings)),
    ]
}

#[test]
fn three_pages_over_a_line_with_error_correction() {
    let documents = documents(3);
    let mut sides = terminals(&documents, true, None);
    run(&mut sides, network(0));
    check(&sides, &documents, 3, true);
    let page = sides[0].pages[2].progress;
    assert_eq!((page.width, page.length, page.bit_rate), (1728, 1100, 14_400));
    assert_ne!(page.error_correction, 0);
}

#[test]
fn three_pages_over_a_line_without_error_correction() {
    let documents = documents(3);
    let mut sides = terminals(&documents, false, None);
    run(&mut sides, network(0));
    check(&sides, &documents, 3, true);
    assert_eq!(sides[1].pages[0].progress.error_correction, 0);
}

#[test]
fn error_correction_repairs_what_a_line_loses() {
    let documents = documents(2);
    let mut sides = terminals(&documents, true, None);
    run(&mut sides, network(500));
    check(&sides, &documents, 2, true);
    assert!(sides[0].pages.iter().any(|page| page.progress.retries > 0), "{:?}", sides[0].pages);
}

#[test]
fn three_pages_by_t38() {
    let documents = documents(3);
    let mut sides = terminals(&documents, true, Some(t38(Repair::Redundancy)));
    run(&mut sides, network(0));
    check(&sides, &documents, 3, true);
}

#[test]
fn redundancy_carries_t38_over_a_network_that_loses_one_in_twenty() {
    for repair in [Repair::Redundancy, Repair::Parity] {
        for ecm in [true, false] {
            let documents = documents(2);
            let mut sides = terminals(&documents, ecm, Some(t38(repair)));
            run(&mut sides, network(20));
            check(&sides, &documents, 2, true);
        }
    }
}

#[test]
fn a_gateway_joins_a_line_and_t38_both_ways() {
    for sending_by_t38 in [false, true] {
        let documents = documents(2);
        let settings = t38(Repair::Redundancy);
        let (line, packets) = if sending_by_t38 {
            (job(Mode::Receive, &documents.received, true), job(Mode::Send, &documents.sent, true))
        } else {
            (job(Mode::Send, &documents.sent, true), job(Mode::Receive, &documents.received, true))
        };
        let mut sides = [
            Side::new(Session::terminal(&line, None)),
            Side::new(Session::gateway(settings)),
            Side::new(Session::terminal(&packets, Some(settings))),
        ];
        run(&mut sides, network(0));
        if sending_by_t38 {
            sides.swap(0, 2);
        }
        check(&sides, &documents, 2, true);
        let steps = sides[1].session.hang_up();
        sides[1].follow(steps);
        let carried = sides[1].end.as_ref().expect("what was carried");
        assert_eq!(carried.pages, 2);
    }
}

#[test]
fn two_gateways_join_two_lines_over_a_network_that_loses() {
    let documents = documents(2);
    let settings = t38(Repair::Redundancy);
    let mut sides = [
        Side::new(Session::terminal(&job(Mode::Send, &documents.sent, true), None)),
        Side::new(Session::gateway(settings)),
        Side::new(Session::gateway(settings)),
        Side::new(Session::terminal(&job(Mode::Receive, &documents.received, true), None)),
    ];
    let mut loses = network(33);
    run(&mut sides, move |step| matches!(step, Step::Datagram(..)) && loses(step));
    check(&sides, &documents, 2, true);
}

#[test]
fn nobody_answers() {
    let documents = documents(1);
    let mut session = Session::terminal(&job(Mode::Send, &documents.sent, true), None).expect("a session");
    for _ in 0..LONGEST {
        session.miss(160);
        let end = session.advance().into_iter().find_map(|step| match step {
            Step::End(outcome) => Some(outcome),
            _ => None,
        });
        if let Some(outcome) = end {
            assert_eq!((outcome.result(), outcome.pages), ("no-fax", 0), "{}", outcome.text());
            return;
        }
    }
    panic!("it waits for ever");
}

#[test]
fn a_call_that_is_dropped_is_told() {
    let documents = documents(1);
    let mut sides = terminals(&documents, true, Some(t38(Repair::None)));
    let steps = sides[0].session.hang_up();
    sides[0].follow(steps);
    assert_eq!(sides[0].end.as_ref().map(Outcome::result), Some("dropped"));
}

#[test]
fn a_file_that_is_none_is_told() {
    let documents = documents(1);
    std::fs::write(&documents.sent, b"no TIFF").expect("a file");
    let mut sides = terminals(&documents, true, Some(t38(Repair::None)));
    run(&mut sides, network(0));
    assert_eq!(sides[0].end.as_ref().map(Outcome::result), Some("file"));
}

/// A packet of T.38 (IFP) that is none, or that begins as one with data (T.38 §7.2): its kind, then how many fields.
fn ifp() -> impl Strategy<Value = Vec<u8>> {
    let data = (0xc0u8..=0xdf, 0u8..5, vec(any::<u8>(), 0..80));
    prop_oneof![
        vec(any::<u8>(), 1..80),
        (0u8..0x40).prop_map(|indicator| vec![indicator]),
        data.prop_map(|(kind, fields, rest)| [vec![kind, fields], rest].concat()),
    ]
}

/// As strangers send them: fax machines and gateways refuse them or read them, and go on.
#[test]
fn any_packets_of_t38_are_refused_or_read() {
    let documents = documents(1);
    let settings = t38(Repair::None);
    let packets = vec((ifp(), 0usize..3), 1..60);
    let told = TestRunner::new(Config::default()).run(&packets, |packets| {
        let mut sides = [
            Session::terminal(&job(Mode::Send, &documents.sent, true), Some(settings)).expect("a session"),
            Session::terminal(&job(Mode::Receive, &documents.received, true), Some(settings))
                .expect("another"),
            Session::gateway(settings).expect("a gateway"),
        ];
        for (number, (primary, pause)) in packets.into_iter().enumerate() {
            let datagram = Datagram { sequence: number as u16, primary, extra: Extra::Earlier(vec![]) };
            for side in &mut sides {
                side.datagram(&datagram.bytes());
                for _ in 0..pause {
                    side.advance();
                }
            }
        }
        Ok(())
    });
    told.expect("nothing fails");
}

/// A transfer in which every so many datagrams a byte is another one: it goes well, or fails, or is dropped.
#[test]
fn damaged_packets_of_t38_are_survived() {
    let documents = documents(1);
    let settings = t38(Repair::None);
    let changes = (vec((1usize..60, any::<Index>(), any::<u8>()), 1..6), any::<bool>());
    let told = TestRunner::new(Config::default()).run(&changes, |(changes, ecm)| {
        let mut sides = terminals(&documents, ecm, Some(settings));
        let mut number = 0;
        for _ in 0..LONGEST / 3 {
            for index in 0..2 {
                let steps = sides[index].session.advance();
                for step in sides[index].follow(steps) {
                    let Step::Datagram(mut bytes, times) = step else { continue };
                    number += 1;
                    for (every, at, value) in &changes {
                        if number % every == 0 {
                            let at = at.index(bytes.len());
                            bytes[at] = *value;
                        }
                    }
                    sides[1 - index].take(Step::Datagram(bytes, times), &mut |_: &Step| false);
                }
            }
            if sides.iter().all(|side| side.end.is_some()) {
                break;
            }
        }
        for side in &mut sides {
            let steps = side.session.hang_up();
            side.follow(steps);
            prop_assert!(side.end.is_some());
        }
        Ok(())
    });
    told.expect("nothing fails");
}

/// What the first packets of a sender say is changed bit by bit: among it the width of its pages, of which one of the four
/// that can be said does not exist (T.30 table 2, bits 17 and 18).
#[test]
fn a_page_of_no_width_is_survived() {
    let documents = documents(1);
    let mut sent = usize::MAX;
    for changed in 0.. {
        if changed >= sent {
            break;
        }
        let mut sides = terminals(&documents, false, Some(t38(Repair::None)));
        sent = 0;
        // As long as it takes to begin with the first page.
        for _ in 0..600 {
            for index in 0..2 {
                let steps = sides[index].session.advance();
                for step in sides[index].follow(steps) {
                    let Step::Datagram(mut bytes, times) = step else { continue };
                    if index == 0 {
                        // The longest of them is not looked through: that is the training.
                        let last = bytes.len().min(24);
                        if (sent..sent + last).contains(&changed) {
                            bytes[changed - sent] |= 0xc3;
                        }
                        sent += last;
                    }
                    sides[1 - index].take(Step::Datagram(bytes, times), &mut |_: &Step| false);
                }
            }
            if sent > changed + 2_000 {
                break;
            }
        }
        sent = sent.min(2_000);
    }
}
