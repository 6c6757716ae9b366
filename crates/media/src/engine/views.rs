//! Who is shown whom: by a bridge the other side, in a room whoever speaks, or whom a client chose.

use std::time::Instant;

use super::Engine;
use crate::control::video::{Content, VideoStats, WatchVideo};
use crate::control::{Event, Failure, Reply, Role};
use crate::video::{Origin, Wish};

impl Engine {
    /// Shows each side of a bridge the other's streams: the first camera in the place of the first, and so on.
    pub(super) fn join_views(&mut self, a: u64, b: u64, now: Instant) {
        for (viewer, source) in [(a, b), (b, a)] {
            for content in [Content::Main, Content::Slides] {
                let sources = self.lines_of(source, content);
                for (place, line) in self.lines_of(viewer, content).into_iter().enumerate() {
                    let target = sources.get(place).map(|line| Origin { endpoint: source, line: *line });
                    self.turn(Origin { endpoint: viewer, line }, target, now);
                }
            }
        }
    }

    /// What is negotiated anew changes what can be shown.
    pub(super) fn renew_views(&mut self, id: u64, now: Instant) {
        let Some(endpoint) = self.endpoints.get(&id).filter(|endpoint| !endpoint.video.is_empty()) else {
            return;
        };
        match (endpoint.bridge, endpoint.room) {
            (Some((_, partner)), _) => self.join_views(id, partner, now),
            (None, Some(room)) => self.settle_views(room, now),
            (None, None) => {}
        }
        self.drive(now);
    }

    /// An endpoint leaves its bridge or room: it is shown nobody, and nobody is shown it.
    pub(super) fn part_views(&mut self, id: u64, now: Instant) {
        let lines = self.endpoints.get(&id).map_or(0, |endpoint| endpoint.video.len());
        for line in 0..lines {
            let own = Origin { endpoint: id, line };
            self.turn(own, None, now);
            if let Some(line) = self.line(own) {
                line.wish = Wish::default();
            }
            let viewers = self.line(own).map(|line| line.viewers.clone()).unwrap_or_default();
            for viewer in viewers {
                self.turn(viewer, None, now);
            }
        }
    }

    /// A client chooses whom an endpoint is shown.
    pub(super) fn watch_video(&mut self, request: &WatchVideo, now: Instant) -> Result<Reply, Failure> {
        let endpoint = self.endpoint(request.endpoint)?;
        let room = endpoint.room;
        let line = find(endpoint.video.iter().map(|line| &*line.mid), &request.mid)?;
        let content = endpoint.video[line].content;
        let wish = match (request.what.as_str(), request.source) {
            ("speaker", _) => Wish::Speaker,
            ("nothing", _) => Wish::Nothing,
            ("endpoint", Some(_)) if request.source_elsewhere => {
                return Err(bad("source: it is not in the same room"));
            }
            ("endpoint", Some(source)) => {
                let source_mid = request.source_mid.as_deref();
                let source = self.endpoint(source)?;
                // Nobody may look into a room without being in it.
                if room.is_none() || source.room != room {
                    return Err(bad("source: it is not in the same room"));
                }
                let of_kind = source.video.iter().position(|line| line.content == content);
                let found = match source_mid {
                    Some(mid) => find(source.video.iter().map(|line| &*line.mid), mid)?,
                    None => of_kind.ok_or_else(|| bad("source: it has no such stream"))?,
                };
                Wish::Source(Origin { endpoint: source.id, line: found })
            }
            ("endpoint", None) => return Err(bad("source: an endpoint is missing")),
            (what, _) => return Err(bad(&format!("what: {what} is not known"))),
        };
        self.endpoint(request.endpoint)?.video[line].wish = wish;
        if let Some(room) = room {
            self.settle_views(room, now);
            self.drive(now);
        }
        Ok(Reply::Done {})
    }

    /// Lets everybody in a room see whom they are to see.
    pub(super) fn settle_views(&mut self, id: u64, now: Instant) {
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        // Observers are not to be noticed.
        let visible: Vec<u64> = room.visible(|role| matches!(role, Role::Talk | Role::Muted));
        let members: Vec<u64> = room.members().collect();
        let seen = |content: Content| -> Vec<u64> {
            let alive = |id: &&u64| {
                self.endpoints.get(id).is_some_and(|endpoint| {
                    endpoint.video.iter().any(|line| line.content == content && line.alive(now))
                })
            };
            visible.iter().filter(alive).copied().collect()
        };
        let (cameras, screens) = (seen(Content::Main), seen(Content::Slides));
        room.follow_stages(&cameras, &screens, now);
        let mut turns = Vec::new();
        for member in members {
            let Some(endpoint) = self.endpoints.get(&member) else {
                continue;
            };
            let mut automatic = [false, false];
            for (line, own) in endpoint.video.iter().enumerate() {
                let target = match own.wish {
                    Wish::Nothing => None,
                    Wish::Source(origin) => visible.contains(&origin.endpoint).then_some(origin),
                    Wish::Speaker => {
                        // One place shows who speaks; a second one would show the same.
                        let taken = std::mem::replace(&mut automatic[own.content as usize], true);
                        let source = self.rooms.get(&id).and_then(|room| room.seen_by(own.content, member));
                        source
                            .filter(|_| !taken)
                            .and_then(|source| self.sending_line(source, own.content, now))
                    }
                };
                turns.push((Origin { endpoint: member, line }, target));
            }
        }
        for (viewer, target) in turns {
            self.turn(viewer, target, now);
        }
    }

    /// Shows something else in one stream of an endpoint.
    fn turn(&mut self, viewer: Origin, target: Option<Origin>, now: Instant) {
        let Some(line) = self.line(viewer) else {
            return;
        };
        let before = line.view.target;
        if before == target {
            return;
        }
        let mid = line.mid.to_string();
        if let Some(line) = before.and_then(|before| self.line(before)) {
            line.viewers.retain(|other| *other != viewer);
        }
        let mut first = 0;
        if let Some(source) = target.and_then(|target| self.line(target)) {
            source.viewers.push(viewer);
            // The lowest layer comes quickest; the next round chooses by what the network carries.
            first = source.ranked(now).first().map_or(0, |(layer, _)| *layer);
        }
        if let Some(line) = self.line(viewer) {
            line.view.turn(target, first, now);
        }
        if let Some(target) = target {
            self.want_keyframe(target, first);
            self.ask(target, now);
        }
        let source = target.and_then(|target| {
            let endpoint = self.endpoints.get(&target.endpoint)?;
            Some((target.endpoint, endpoint.video.get(target.line)?.mid.to_string()))
        });
        if let Some(endpoint) = self.endpoints.get(&viewer.endpoint) {
            let (source, source_mid) = source.unzip();
            self.aftermath.events.push(Event::VideoShown {
                endpoint: viewer.endpoint,
                tag: endpoint.tag.clone(),
                mid,
                source,
                source_mid,
            });
        }
    }

    /// The counters of an endpoint's video.
    pub(super) fn video_stats(&self, id: u64) -> Vec<VideoStats> {
        let Some(endpoint) = self.endpoints.get(&id) else {
            return Vec::new();
        };
        let stats = |line: &crate::video::VideoLine| {
            let mut stats = line.stats();
            if let Some(current) = line.view.current
                && let Some(source) = self
                    .endpoints
                    .get(&current.origin.endpoint)
                    .and_then(|source| source.video.get(current.origin.line))
            {
                stats.source = Some((current.origin.endpoint, source.mid.to_string()));
                stats.layer = source.layers.get(current.layer).and_then(|layer| Some(layer.rid?.to_string()));
            }
            stats
        };
        endpoint.video.iter().map(stats).collect()
    }

    fn lines_of(&self, id: u64, content: Content) -> Vec<usize> {
        let lines =
            self.endpoints.get(&id).into_iter().flat_map(|endpoint| endpoint.video.iter().enumerate());
        lines.filter(|(_, line)| line.content == content).map(|(index, _)| index).collect()
    }

    fn sending_line(&self, id: u64, content: Content, now: Instant) -> Option<Origin> {
        let lines = &self.endpoints.get(&id)?.video;
        let line = lines.iter().position(|line| line.content == content && line.alive(now))?;
        Some(Origin { endpoint: id, line })
    }
}

fn find<'a>(mut mids: impl Iterator<Item = &'a str>, wanted: &str) -> Result<usize, Failure> {
    mids.position(|mid| mid == wanted)
        .ok_or_else(|| Failure { code: "not-found", text: format!("there is no video stream {wanted}") })
}

fn bad(text: &str) -> Failure {
    Failure { code: "bad-request", text: text.into() }
}
