//! People who pull brakes and release them again. What a brake stops starts nothing new.

use amends_engine::event::{Event, InstanceEvent};
use amends_engine::gate::Paused;
use amends_engine::instance::Errand;
use amends_engine::kernel::{Brake, Frame, Input, Output};

use super::World;
use super::build::MINUTE;
use super::{ConnectorId, Happening};

impl World {
    /// Somebody pulls a brake, or releases it if it is pulled.
    pub(crate) fn turn(&mut self) {
        let levers = [
            Brake::Money,
            Brake::Connector(ConnectorId::new("erp")),
            Brake::Connector(ConnectorId::new("payments")),
        ];
        let brake = self.dice.pick(&levers).unwrap().clone();
        let paused = if self.brakes.remove(&brake) {
            Paused::No
        } else {
            self.brakes.insert(brake.clone());
            Paused::Yes
        };
        self.handle(Input::Pause { brake, paused });
    }

    pub(crate) fn release_brakes(&mut self) {
        for brake in std::mem::take(&mut self.brakes) {
            self.handle(Input::Pause {
                brake,
                paused: Paused::No,
            });
        }
    }

    pub(crate) fn plan_brakes(&mut self) {
        for _ in 0..self.plan.brakes {
            let after = self.dice.between(0, 40 * MINUTE);
            self.plan_for(after, Happening::Brake);
        }
    }

    /// Nothing that a brake stops was let through while it was pulled.
    pub(crate) fn check_brakes(&self, output: &Output) {
        for frame in &output.append {
            for event in &frame.events {
                self.check_start(frame, event);
            }
        }
    }

    fn check_start(&self, frame: &Frame, event: &Event) {
        let Event::Of {
            instance,
            event: InstanceEvent::AttemptStarted { site, errand, .. },
        } = event
        else {
            return;
        };
        let run = frame.after.instance(instance).unwrap().run(&site.place).unwrap();
        let contract = &run.call().unwrap().pinned.contract;
        let connector = Brake::Connector(contract.connector.clone());
        assert!(
            !self.brakes.contains(&connector),
            "{event:?} left under {connector:?}"
        );
        let money = *errand == Errand::Send && contract.moves_money();
        assert!(
            !(money && self.brakes.contains(&Brake::Money)),
            "{event:?} moved money under the brake"
        );
    }
}
