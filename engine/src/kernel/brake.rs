//! Brakes that people pull: on one connector, or on everything that moves money.

use crate::gate::{Paused, Ticket};
use crate::instance::{CallPhase, Errand};
use crate::{ConnectorId, RootKey};

use super::Kernel;
use super::slot::Slot;

/// What a person can stop. Whatever it stops stays owed, and leaves when the brake is released.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Brake {
    /// Everything to one connector, look-ups too.
    Connector(ConnectorId),
    /// Every request that takes money or gives it back, whoever serves it. Look-ups go on.
    Money,
}

/// Tickets that came up while the brake on money was pulled, in that order.
pub(super) type Parked = Vec<(ConnectorId, Ticket)>;

impl Kernel {
    pub(super) fn brake(&mut self, brake: &Brake, paused: Paused) {
        match (brake, paused) {
            (Brake::Connector(connector), _) => self.gate(connector).pause(paused),
            (Brake::Money, Paused::Yes) => {
                self.parked.get_or_insert_default();
            }
            (Brake::Money, Paused::No) => {
                for (connector, ticket) in self.parked.take().unwrap_or_default() {
                    self.gate(&connector).ask(ticket);
                }
            }
        }
    }

    /// Gives the ticket back unless the brake on money stops it.
    pub(super) fn park(&mut self, connector: &ConnectorId, ticket: Ticket) -> Option<Ticket> {
        if self.parked.is_none() || !self.moves_money(&ticket.root, &ticket) {
            return Some(ticket);
        }
        self.gate(connector).not_needed();
        if let Some(parked) = &mut self.parked {
            parked.push((connector.clone(), ticket));
        }
        None
    }

    fn moves_money(&self, root: &RootKey, ticket: &Ticket) -> bool {
        let Some(Slot::Live(live)) = self.roots.get(root) else {
            return false;
        };
        let run = live
            .root
            .instance(&ticket.instance)
            .and_then(|instance| instance.run(&ticket.site.place));
        let call = run.and_then(|run| run.call());
        call.is_some_and(|call| {
            let request = matches!(
                call.phase,
                CallPhase::Owed {
                    errand: Errand::Send,
                    ..
                }
            );
            request && call.pinned.contract.moves_money()
        })
    }

    /// Requests that the brake on money holds back; `None` while it is not pulled.
    pub fn parked(&self) -> Option<usize> {
        self.parked.as_ref().map(Vec::len)
    }
}
