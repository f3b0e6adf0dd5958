//! Effects and replies that wait for their frame to be durable.

use std::collections::VecDeque;

use super::output::{Effect, Output, Reply, ReplyId};

#[derive(Debug)]
enum Withheld {
    Effect(Box<Effect>),
    Reply(ReplyId, Reply),
}

/// What is withheld, in the order of the sequences it waits for.
#[derive(Debug, Default)]
pub(super) struct Held {
    waiting: VecDeque<(u64, Withheld)>,
}

impl Held {
    pub(super) fn effect(&mut self, sequence: u64, effect: Effect) {
        self.waiting
            .push_back((sequence, Withheld::Effect(Box::new(effect))));
    }

    pub(super) fn reply(&mut self, sequence: u64, id: ReplyId, reply: Reply) {
        self.waiting.push_back((sequence, Withheld::Reply(id, reply)));
    }

    /// Gives everything that waited for `durable` or less.
    pub(super) fn release(&mut self, durable: u64, output: &mut Output) {
        while self
            .waiting
            .front()
            .is_some_and(|(sequence, _)| *sequence <= durable)
        {
            match self.waiting.pop_front() {
                Some((_, Withheld::Effect(effect))) => output.release.push(*effect),
                Some((_, Withheld::Reply(id, reply))) => output.replies.push((id, reply)),
                None => return,
            }
        }
    }
}
