//! Which shard does what a client asks.

use std::io;

use super::{Answer, Front, Order};
use crate::clients::Clients;
use crate::control::message::CreateEndpoint;
use crate::control::{ClientId, Failure, Near, Operation, Reply};

/// Requests in one order at most: packets come before the next ones.
const MOST: usize = 32;

/// Who does it.
enum Route {
    /// One shard.
    Shard(usize, Operation),
    /// The front, with several of them or none.
    Front(Operation),
}

/// Requests of one client in a row that shards do without each other: what is joined is in one shard.
struct Run {
    /// For each shard.
    operations: Vec<Vec<Operation>>,
    slips: Vec<Slip>,
}

/// What the front keeps of a request that it handed on.
struct Slip {
    request: u64,
    shard: usize,
    /// To be tried elsewhere when there is no port left.
    wanted: Option<CreateEndpoint>,
    /// Is gone afterwards.
    deleted: Option<u64>,
}

impl Front {
    /// Does what a client asks, in its order.
    pub(super) fn serve(&mut self, client: ClientId, clients: &mut Clients) -> io::Result<()> {
        let alive = clients.read(client);
        let operations = self.shards.iter().map(|_| Vec::new()).collect();
        let mut run = Run { operations, slips: Vec::new() };
        while let Some(next) = clients.next(client) {
            let request = match next {
                Ok(request) => request,
                Err(refusal) => {
                    self.hand_on(client, &mut run, clients)?;
                    clients.refuse(client, &refusal);
                    continue;
                }
            };
            match self.route(client, request.operation) {
                Route::Shard(shard, operation) => {
                    if run.operations[shard].len() >= MOST {
                        self.hand_on(client, &mut run, clients)?;
                    }
                    run.slips.push(Slip {
                        request: request.id,
                        shard,
                        wanted: match &operation {
                            Operation::CreateEndpoint(wanted) => Some(wanted.clone()),
                            _ => None,
                        },
                        deleted: match &operation {
                            Operation::DeleteEndpoint(on) => Some(on.endpoint),
                            _ => None,
                        },
                    });
                    run.operations[shard].push(operation);
                }
                Route::Front(operation) => {
                    self.hand_on(client, &mut run, clients)?;
                    let owner = clients.owner(client).to_owned();
                    let answer = self.conduct(&owner, operation, clients)?;
                    clients.answer(client, request.id, &answer);
                    self.tell_after(clients);
                }
            }
        }
        self.hand_on(client, &mut run, clients)?;
        if !alive {
            clients.part(client);
        }
        Ok(())
    }

    /// Lets the shards do what has gathered for them, all at once; the answers are in the order of the requests.
    fn hand_on(&mut self, client: ClientId, run: &mut Run, clients: &mut Clients) -> io::Result<()> {
        if run.slips.is_empty() {
            return Ok(());
        }
        let owner = clients.owner(client).to_owned();
        let mut orders = Vec::new();
        for (shard, operations) in run.operations.iter_mut().enumerate().filter(|(_, some)| !some.is_empty())
        {
            orders.push((shard, self.perform(&owner, std::mem::take(operations))));
        }
        let asked: Vec<usize> = orders.iter().map(|(shard, _)| *shard).collect();
        let mut answers: Vec<_> = self.shards.iter().map(|_| Vec::new().into_iter()).collect();
        for (shard, answer) in asked.into_iter().zip(self.ask_each(orders, clients)?) {
            answers[shard] = performed(answer)?.into_iter();
        }
        for slip in std::mem::take(&mut run.slips) {
            let answer = answers[slip.shard].next();
            let mut answer = answer.ok_or_else(|| io::Error::other("a shard does not answer"))?;
            if let (Err(Failure { code: "no-ports", .. }), Some(wanted)) = (&answer, slip.wanted) {
                answer = self.open_elsewhere(client, &owner, (slip.shard, wanted), answer, clients)?;
            }
            if let Some(gone) = slip.deleted {
                self.whereabouts.forget(gone);
            }
            clients.answer(client, slip.request, &answer);
        }
        self.tell_after(clients);
        Ok(())
    }

    fn route(&mut self, client: ClientId, operation: Operation) -> Route {
        use Operation as O;
        let at = |number: u64| self.whereabouts.shard(number);
        let shard = match &operation {
            O::Hello(_) | O::CreateSource(_) | O::DeleteSource(_) => return Route::Front(operation),
            O::ListEndpoints | O::ListBridges | O::ListRooms | O::ListSources | O::ListFaxes => {
                return Route::Front(operation);
            }
            O::CreateEndpoint(wanted) => {
                let shard = self.place(client, wanted.near.as_ref());
                // The true number comes with the next answer.
                self.shards[shard].load.endpoints += 1;
                self.newest = Some((client, shard));
                shard
            }
            O::CreateRoom(_) => self.emptiest(|load| (load.rooms, load.endpoints)),
            O::CreateBridge(pair) if at(pair.a) != at(pair.b) => return Route::Front(operation),
            O::CreateBridge(pair) => at(pair.a),
            O::JoinRoom(join) => {
                let hearer = join.whisper_to.unwrap_or(join.endpoint);
                if at(join.endpoint) != at(join.room) || at(hearer) != at(join.room) {
                    return Route::Front(operation);
                }
                at(join.room)
            }
            O::WatchVideo(watch) if watch.source.is_some_and(|source| at(source) != at(watch.endpoint)) => {
                return Route::Front(operation);
            }
            O::WatchVideo(watch) => at(watch.endpoint),
            O::Configure(on) => at(on.endpoint),
            O::Play(on) => at(on.endpoint),
            O::Record(on) => at(on.endpoint),
            O::SendDtmf(on) | O::ReceiveDtmf(on) => at(on.endpoint),
            O::Stats(on) | O::DeleteEndpoint(on) | O::LeaveRoom(on) => at(on.endpoint),
            O::StartFax(on) => at(on.endpoint),
            O::OpenTap(on) => at(on.endpoint),
            O::DeleteBridge(on) => at(on.bridge),
            O::DeleteRoom(on) => at(on.room),
            O::RoomPlay(on) => at(on.room),
            O::RoomRecord(on) => at(on.room),
            O::StopPlayer(on) => at(on.player),
            O::StopRecorder(on) => at(on.recorder),
            O::StopFax(on) => at(on.fax),
            O::StopTap(on) => at(on.tap),
        };
        Route::Shard(shard, operation)
    }

    /// The shard for a new endpoint: where its partner is, as far as that is known, else where there are fewest.
    fn place(&self, client: ClientId, near: Option<&Near>) -> usize {
        match (near, self.newest) {
            (Some(Near::Endpoint(partner)), _) => self.whereabouts.shard(*partner),
            (Some(Near::Word(word)), Some((of, shard))) if word == "last" && of == client => shard,
            _ => self.emptiest(|load| load.endpoints),
        }
    }

    fn emptiest<K: Ord>(&self, weight: impl Fn(&crate::engine::Load) -> K) -> usize {
        (0..self.shards.len()).min_by_key(|shard| weight(&self.shards[*shard].load)).unwrap_or(0)
    }

    /// Looks for a port in the other shards.
    fn open_elsewhere(
        &mut self,
        client: ClientId,
        owner: &str,
        (full, wanted): (usize, CreateEndpoint),
        mut answer: Result<Reply, Failure>,
        clients: &mut Clients,
    ) -> io::Result<Result<Reply, Failure>> {
        for shard in (0..self.shards.len()).filter(|shard| *shard != full) {
            answer = self.one(shard, owner, Operation::CreateEndpoint(wanted.clone()), clients)?;
            if !matches!(&answer, Err(Failure { code: "no-ports", .. })) {
                self.newest = Some((client, shard));
                break;
            }
        }
        Ok(answer)
    }

    /// Lets a shard do one thing.
    pub(super) fn one(
        &mut self,
        shard: usize,
        owner: &str,
        operation: Operation,
        clients: &mut Clients,
    ) -> io::Result<Result<Reply, Failure>> {
        let order = self.perform(owner, vec![operation]);
        single(self.ask(shard, order, clients)?)
    }

    /// Lets every shard do the same; what they answer.
    pub(super) fn all(
        &mut self,
        owner: &str,
        operation: impl Fn() -> Operation,
        clients: &mut Clients,
    ) -> io::Result<Vec<Result<Reply, Failure>>> {
        let order = |shard| (shard, self.perform(owner, vec![operation()]));
        let orders: Vec<(usize, Order)> = (0..self.shards.len()).map(order).collect();
        self.ask_each(orders, clients)?.into_iter().map(single).collect()
    }
}

fn performed(answer: Answer) -> io::Result<Vec<Result<Reply, Failure>>> {
    match answer {
        Answer::Performed(answers) => Ok(answers),
        _ => Err(io::Error::other("a shard answers what it was not asked")),
    }
}

/// The answer to an order with one request in it.
pub(super) fn single(answer: Answer) -> io::Result<Result<Reply, Failure>> {
    performed(answer)?.pop().ok_or_else(|| io::Error::other("a shard does not answer"))
}
